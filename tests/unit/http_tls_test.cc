// The HTTP client over TLS, against openssl's own server with certificates made on the spot.
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <optional>

#include "engine/http/client.h"
#include "tests/support/catch.h"
#include "tests/support/temporary_folder.h"

using namespace engine;

namespace {

void make_certificate(const std::string& folder, const std::string& name) {
  const std::string command =
      "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1"
      " -subj /CN=" +
      name + " -addext subjectAltName=IP:127.0.0.1 -keyout " + folder + "/" + name + ".key -out " +
      folder + "/" + name + ".pem 2>/dev/null";
  REQUIRE(std::system(command.c_str()) == 0);
}

// `openssl s_server -www`: answers every GET with a page about the connection.
class TlsServer {
 public:
  TlsServer(const std::string& folder, bool ask_client) {
    std::vector<std::string> argv = {"openssl",
                                     "s_server",
                                     "-accept",
                                     "127.0.0.1:0",
                                     "-www",
                                     "-cert",
                                     folder + "/server.pem",
                                     "-key",
                                     folder + "/server.key"};
    if (ask_client) {
      for (const char* word : {"-Verify", "1", "-verify_return_error", "-CAfile"})
        argv.push_back(word);
      argv.push_back(folder + "/client.pem");
    }
    std::vector<char*> pointers;
    for (std::string& word : argv) pointers.push_back(word.data());
    pointers.push_back(nullptr);
    int ends[2];
    REQUIRE(pipe2(ends, O_CLOEXEC) == 0);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
    posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
    REQUIRE(posix_spawnp(&pid_, "openssl", &actions, nullptr, pointers.data(), environ) == 0);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    out_ = fdopen(ends[0], "r");
    char line[256];
    while (port_ == 0 && std::fgets(line, sizeof line, out_)) {
      if (const char* colon = std::strrchr(line, ':')) port_ = std::atoi(colon + 1);
    }
    REQUIRE(port_ != 0);
  }
  ~TlsServer() {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
    std::fclose(out_);
  }
  std::string url() const { return "https://127.0.0.1:" + std::to_string(port_) + "/"; }

 private:
  pid_t pid_ = 0;
  int port_ = 0;
  std::FILE* out_ = nullptr;
};

struct TlsFixture {
  TlsFixture() {
    unsetenv("https_proxy");
    make_certificate(folder.path(), "server");
    make_certificate(folder.path(), "client");
  }

  TemporaryFolder folder;
  Loop loop;
  http::Client client{loop};

  std::string file(const std::string& name) const { return folder.path() + "/" + name; }
  Result<http::Response> get(const TlsServer& server, http::Tls tls) {
    std::optional<Result<http::Response>> outcome;
    const auto exchange =
        client.start({.url = server.url(), .tls = std::move(tls)},
                     [&](Result<http::Response> response) { outcome = std::move(response); });
    loop.run();
    REQUIRE(outcome.has_value());
    return std::move(*outcome);
  }
};

}  // namespace

TEST_CASE_METHOD(TlsFixture, "a certificate must be signed by who is trusted", "[http]") {
  const TlsServer server(folder.path(), false);

  const auto trusted = get(server, {.ca_file = file("server.pem")});
  const auto stranger = get(server, {});
  const auto other = get(server, {.ca_file = file("client.pem")});
  const auto insecure = get(server, {.insecure = true});
  const auto missing = get(server, {.ca_file = file("nowhere.pem")});

  REQUIRE(trusted.has_value());
  CHECK(trusted->status == 200);
  REQUIRE_FALSE(stranger.has_value());
  CHECK(stranger.error().code == code::kFailed);
  CHECK(stranger.error().message.find("is not trusted") != std::string::npos);
  CHECK_FALSE(other.has_value());
  CHECK(insecure.has_value());
  REQUIRE_FALSE(missing.has_value());
  CHECK(missing.error().code == code::kInvalidArgument);
}

TEST_CASE_METHOD(TlsFixture, "a client shows its own certificate where it is asked for", "[http]") {
  const TlsServer server(folder.path(), true);
  const http::Tls plain{.ca_file = file("server.pem")};
  const http::Tls with{.ca_file = file("server.pem"),
                       .client_cert = file("client.pem"),
                       .client_key = file("client.key")};
  const http::Tls broken{.ca_file = file("server.pem"), .client_cert = file("nowhere.pem")};

  CHECK(get(server, with).has_value());
  const http::Tls stranger{.ca_file = file("server.pem"),
                           .client_cert = file("server.pem"),
                           .client_key = file("server.key")};
  for (const http::Tls& tls : {plain, stranger}) {
    const auto result = get(server, tls);
    REQUIRE_FALSE(result.has_value());
    // Whether we still hear why depends on who is quicker.
    const std::string code = result.error().code;
    CHECK((code == code::kUnauthenticated || code == code::kNetworkError));
    CHECK(result.error().hint.find("client_cert") != std::string::npos);
  }
  const auto refused = get(server, broken);
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().code == code::kInvalidArgument);
}
