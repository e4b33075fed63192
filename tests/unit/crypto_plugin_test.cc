// The crypto plugin against published vectors, and through the host.
#include <cstdlib>
#include <fstream>
#include <set>

#include "plugins/crypto/digest.h"
#include "plugins/crypto/uuid.h"
#include "tests/support/catch.h"
#include "tests/support/plugin_fixture.h"
#include "tests/support/temporary_folder.h"

using namespace engine;
using namespace engine::crypto;

TEST_CASE("SHA-256 gives the published digests", "[crypto]") {
  CHECK(hex(sha256("")) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(hex(sha256("abc")) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(hex(sha256(std::string(1'000'000, 'a'))) ==
        "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST_CASE("HMAC gives the digests of RFC 4231", "[crypto]") {
  const std::string key(20, '\x0b');
  CHECK(hex(hmac(Hash::sha256, key, "Hi There")) ==
        "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  CHECK(hex(hmac(Hash::sha512, key, "Hi There")) ==
        "87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cde"
        "daa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f1702e696c203a126854");
  CHECK(hex(hmac(Hash::sha256, "Jefe", "what do ya want for nothing?")) ==
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  CHECK(hex(hmac(Hash::sha256, std::string(131, '\xaa'),
                 "Test Using Larger Than Block-Size Key - Hash Key First")) ==
        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST_CASE("HMAC agrees with the signature of a known webhook", "[crypto]") {
  CHECK(hex(hmac(Hash::sha256, "It's a Secret to Everybody", "Hello, World!")) ==
        "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17");
}

TEST_CASE("UUIDs carry their version, their variant and, in version 7, the time", "[crypto]") {
  UuidBytes ones;
  ones.fill(0xff);
  CHECK(uuid_v4(ones) == "ffffffff-ffff-4fff-bfff-ffffffffffff");
  CHECK(uuid_v4({}) == "00000000-0000-4000-8000-000000000000");
  // The example of RFC 9562, appendix A.6.
  const UuidBytes random = {0,    0,    0,    0,    0,    0,    0x0c, 0xc3,
                            0x18, 0xc4, 0xdc, 0x0c, 0x0c, 0x07, 0x39, 0x8f};
  CHECK(uuid_v7(random, 0x017F22E279B0) == "017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
}

TEST_CASE("a file and its text have one digest", "[crypto]") {
  PluginFixture fixture;
  const TemporaryFolder folder;
  const std::string path = folder.path() + "/abc";
  std::ofstream(path) << "abc";

  const auto of_file = fixture.answer("crypto.sha256", R"({"path":")" + path + R"("})");
  const auto of_text = fixture.answer("crypto.sha256", R"({"text":"abc"})");

  CHECK(of_file.text("/hex") == of_text.text("/hex"));
  CHECK(of_text.text("/base64") == "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=");
  CHECK(fixture.code("crypto.sha256", "{}") == "INVALID_ARGUMENT");
  CHECK(fixture.code("crypto.sha256", R"({"text":"a","path":"/b"})") == "INVALID_ARGUMENT");
  CHECK(fixture.code("crypto.sha256", R"({"path":"/nowhere/at/all"})") == "NOT_FOUND");
  CHECK(fixture.code("crypto.sha256", R"({"path":"/tmp"})") == "INVALID_ARGUMENT");
}

TEST_CASE("the key of an HMAC may be a secret, which shows nowhere", "[crypto]") {
  setenv("ENGINE_SECRET_HOOK", "It's a Secret to Everybody", 1);
  PluginFixture fixture;
  const auto digest =
      fixture.answer("crypto.hmac", R"({"key":{"$secret":"hook"},"text":"Hello, World!"})");
  unsetenv("ENGINE_SECRET_HOOK");

  CHECK(digest.text("/hex") == "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17");
  CHECK(fixture.code("crypto.hmac", R"({"key":{"$secret":"nobody"},"text":"x"})") == "NOT_FOUND");
}

TEST_CASE("base64 goes there and back, bytes included", "[crypto]") {
  PluginFixture fixture;
  CHECK(fixture.answer("crypto.base64.encode", R"({"data":"any carnal pleas"})").text("/text") ==
        "YW55IGNhcm5hbCBwbGVhcw==");
  CHECK(fixture.answer("crypto.base64.decode", R"({"text":"YW55IGNhcm5hbCBwbGVhcw"})")
            .text("/data") == "any carnal pleas");
  CHECK(fixture.answer("crypto.base64.decode", R"({"text":"__8="})").text("/data/$bytes") ==
        "//8=");
  CHECK(fixture.answer("crypto.base64.encode", R"({"data":{"$bytes":"//8="}})").text("/text") ==
        "//8=");
  CHECK(fixture.code("crypto.base64.decode", R"({"text":"not base64!"})") == "INVALID_ARGUMENT");
}

TEST_CASE("random bytes and UUIDs differ from call to call", "[crypto]") {
  PluginFixture fixture;
  std::set<std::string> seen;
  for (int i = 0; i < 20; ++i) {
    seen.insert(fixture.answer("crypto.uuid", "{}").text("/uuid"));
    seen.insert(fixture.answer("crypto.uuid", R"({"version":7})").text("/uuid"));
    seen.insert(fixture.answer("crypto.random", R"({"bytes":8})").text("/hex"));
  }
  CHECK(seen.size() == 60);
  CHECK(fixture.answer("crypto.random", R"({"bytes":3})").text("/hex").size() == 6);
  CHECK(fixture.code("crypto.uuid", R"({"version":5})") == "INVALID_ARGUMENT");
}
