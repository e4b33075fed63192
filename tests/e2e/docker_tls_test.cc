// A Docker daemon that is reached over TCP with TLS and certificates on both sides, as the
// environment and the configuration say.
#include "tests/support/boulder.h"
#include "tests/support/catch.h"

using namespace engine;
using namespace engine::test;

namespace {

// Two authorities; a server's certificate for 127.0.0.1, one that has expired, and a client's of
// each authority. A folder each, with the names that Docker's own client looks for.
constexpr const char* kMakeCertificates = R"(set -e
key="-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes"
for authority in ours other; do
  openssl req -x509 $key -days 2 -subj /CN=$authority -keyout $authority.key -out $authority.pem
done
leaf() {
  folder=$1 authority=$2 usage=$3; shift 3
  mkdir $folder
  cp ours.pem $folder/ca.pem
  openssl req $key -subj /CN=$folder -keyout $folder/key.pem -out request
  printf 'subjectAltName=IP:127.0.0.1\nextendedKeyUsage=%s\n' $usage >extensions
  : >index; echo 01 >serial
  openssl ca -batch -config ca.conf -cert $authority.pem -keyfile $authority.key -in request \
    -out $folder/cert.pem -extfile extensions "$@"
}
cat >ca.conf <<X
[ca]
default_ca = all
[all]
database = index
serial = serial
new_certs_dir = .
default_md = sha256
default_days = 1
policy = any
[any]
commonName = supplied
X
leaf server ours serverAuth
leaf expired ours serverAuth -startdate 20200101000000Z -enddate 20200102000000Z
leaf client ours clientAuth
leaf stranger other clientAuth
cp -r client misled && cp other.pem misled/ca.pem
mkdir live && cp server/* live
)";

struct Secured {
  Cli cli;
  std::unique_ptr<DockerDaemon> docker;

  Secured() {
    shell(kMakeCertificates);
    docker = std::make_unique<DockerDaemon>(std::vector<std::string>{
        "--tlsverify", "--tlscacert=" + file("live/ca.pem"), "--tlscert=" + file("live/cert.pem"),
        "--tlskey=" + file("live/key.pem"), "-H", "tcp://0.0.0.0:2376"});
    cli.env["DOCKER_HOST"] = "tcp://127.0.0.1:2376";
    cli.env["DOCKER_TLS_VERIFY"] = "1";
    use("client");
  }

  std::string file(const std::string& name) const { return cli.folder() + "/" + name; }
  void use(const std::string& folder) { cli.env["DOCKER_CERT_PATH"] = file(folder); }
  void shell(const std::string& script) {
    Cli sh;
    sh.program = "/bin/sh";
    const Ended ended = sh.run({"-c", "cd " + cli.folder() + "\n" + script});
    INFO(ended.out << ended.err);
    REQUIRE(ended.code == 0);
  }
  Ended call(std::vector<std::string> words) const {
    words.insert(words.begin(), "call");
    Ended ended;
    docker->inside([&] { ended = cli.run(words); });
    return ended;
  }
  // What is said of a change that the daemon must not get.
  std::string refused(const std::vector<std::string>& more = {}) const {
    std::vector<std::string> words = {"docker.volume.create", "--volume", "v"};
    words.insert(words.end(), more.begin(), more.end());
    const Ended ended = call(words);
    CHECK(ended.code != 0);
    return ended.err;
  }
};

}  // namespace

TEST_CASE("a daemon over TLS is used as the environment says", "[docker]") {
  if (!DockerDaemon::possible()) return;
  const Secured secured;

  const Ended version = secured.call({"docker.system.version", "-o", "json"});
  INFO(version.err);
  CHECK(version.code == 0);
  // A body each way, and an answer in pieces.
  secured.docker->run("said", "seq 2000");
  secured.docker->wait("said");
  const Ended logs = secured.call({"docker.container.logs", "--container", "said", "-o", "json"});
  CHECK(contains(logs.out, "1999\\n2000\\n"));
  CHECK(secured.call({"docker.volume.create", "--volume", "v-1"}).code == 0);
  CHECK(secured.docker->request("GET", "/volumes/v-1").status == 200);
}

TEST_CASE("daemons over TLS have names and settings of their own", "[docker]") {
  if (!DockerDaemon::possible()) return;
  Secured secured;
  const auto table = [&](const std::string& name, const std::string& host,
                         const std::string& client) {
    return "[plugins.docker.daemons." + name + "]\nhost = \"" + host + "\"\nca_file = \"" +
           secured.file("ours.pem") + "\"\nclient_cert = \"" + secured.file(client + "/cert.pem") +
           "\"\nclient_key = \"" + secured.file(client + "/key.pem") + "\"\n";
  };
  const std::string config =
      secured.cli.write("engine.toml", table("far", "tcp://127.0.0.1:2376", "client") +
                                           table("closed", "tcp://127.0.0.1", "stranger") +
                                           "[plugins.docker.daemons.near]\nsocket = \"" +
                                           secured.docker->socket() + "\"\n");
  const auto ping = [&](const char* daemon) {
    return secured.call({"docker.system.ping", "--daemon", daemon, "--config", config});
  };

  secured.cli.env["DOCKER_HOST"] = "tcp://127.0.0.1:1";
  CHECK(ping("far").code == 0);
  CHECK(ping("near").code == 0);
  const Ended closed = ping("closed");
  CHECK(closed.code != 0);
  CHECK(contains(closed.err, "client_cert"));
  CHECK(contains(ping("default").err, "(BACKEND_UNAVAILABLE)"));
  CHECK(contains(ping("fat").err, "did you mean 'far'"));
}

TEST_CASE("what is wrong with certificates is told with what to do", "[docker]") {
  if (!DockerDaemon::possible()) return;
  Secured secured;

  secured.cli.env["DOCKER_HOST"] = "tcp://127.0.0.2:2376";
  const std::string name = secured.refused();
  INFO(name);
  CHECK(contains(name, "is not trusted"));
  CHECK(contains(name, "hint: ask under a name"));
  secured.cli.env["DOCKER_HOST"] = "tcp://127.0.0.1:2376";
  secured.use("misled");
  CHECK(contains(secured.refused(), "hint: name the authority that signed it"));
  secured.use("stranger");
  const std::string stranger = secured.refused();
  INFO(stranger);
  // Whether we still hear why depends on who is quicker.
  CHECK((contains(stranger, "(UNAUTHENTICATED)") || contains(stranger, "(NETWORK_ERROR)")));
  CHECK(contains(stranger, "client_cert"));
  secured.use("nowhere");
  CHECK(contains(secured.refused(), "(INVALID_ARGUMENT)"));
  secured.cli.env["DOCKER_TLS_VERIFY"] = "";
  const std::string plain = secured.refused();
  INFO(plain);
  CHECK(contains(plain, "HTTP request to an HTTPS server"));
  CHECK(contains(plain, "DOCKER_TLS_VERIFY"));
  secured.cli.env["DOCKER_TLS_VERIFY"] = "1";
  secured.use("client");

  secured.shell("cp expired/* live");
  secured.docker->stop();
  CHECK(contains(secured.refused(), "(BACKEND_UNAVAILABLE)"));
  secured.docker->start();
  const std::string expired = secured.refused();
  INFO(expired);
  CHECK(contains(expired, "expired"));
  CHECK(contains(expired, "hint: renew it there"));
  CHECK(secured.docker->request("GET", "/volumes/v").status == 404);
}
