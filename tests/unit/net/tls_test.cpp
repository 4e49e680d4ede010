// TLS streams over real sockets, with certificates of the openssl command line.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <asio/io_context.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/write.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "sentinel/net/dial.h"
#include "sentinel/net/spawn.h"
#include "sentinel/net/tls.h"

namespace sentinel {
namespace {

using asio::ip::tcp;
using namespace std::chrono_literals;

// A folder with an authority and what it signed; made once.
class Certificates {
 public:
  Certificates() : folder_(std::filesystem::temp_directory_path() / ("vigil-tls-" + std::to_string(::getpid()))) {
    std::filesystem::create_directories(folder_);
    authority("ca");
    authority("stranger");
    issue("server", "ca");
    issue("client", "ca");
    issue("foreign", "stranger");
  }
  ~Certificates() { std::filesystem::remove_all(folder_); }

  std::string at(const std::string& name) const { return (folder_ / name).string(); }

  void issue(const std::string& name, const std::string& by) const {
    run("openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=" + name + " -keyout " +
        at(name + ".key") + " -out " + at(name + ".csr"));
    run("openssl x509 -req -days 30 -in " + at(name + ".csr") + " -CA " + at(by + ".crt") + " -CAkey " +
        at(by + ".key") + " -CAcreateserial -out " + at(name + ".crt"));
  }

  TlsSettings settings(const std::string& name) const {
    return {.port = 1,
            .links = true,
            .cert_file = at(name + ".crt"),
            .key_file = at(name + ".key"),
            .ca_cert_file = at("ca.crt")};
  }

 private:
  void authority(const std::string& name) const {
    run("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 -subj /CN=" + name +
        " -keyout " + at(name + ".key") + " -out " + at(name + ".crt"));
  }
  static void run(const std::string& command) {
    ASSERT_EQ(std::system((command + " >/dev/null 2>&1").c_str()), 0) << command;
  }
  std::filesystem::path folder_;
};

const Certificates& certificates() {
  static const Certificates made;
  return made;
}

std::shared_ptr<Tls> loaded(TlsSettings settings) {
  auto tls = Tls::load(std::move(settings));
  EXPECT_TRUE(tls) << tls.error();
  return *tls;
}

class TlsTest : public testing::Test {
 protected:
  TlsTest() : acceptor_(io_, tcp::endpoint(asio::ip::make_address("127.0.0.1"), 0)) {}

  Endpoint address() const { return {"127.0.0.1", acceptor_.local_endpoint().port()}; }

  // Dials, and accepts with `server`; both handshakes are over when this returns.
  void connect(std::shared_ptr<Tls> server, std::shared_ptr<Tls> client) {
    acceptor_.async_accept([this, server](asio::error_code error, tcp::socket socket) {
      ASSERT_FALSE(error);
      accepted_ = std::make_unique<Stream>(server->accept(std::move(socket)));
      spawn(io_.get_executor(), "accept", [](TlsTest* test) -> asio::awaitable<void> {
        test->accept_error_ = co_await test->accepted_->handshake(kTlsHandshakeDeadline);
        test->accept_done_ = true;
      }(this));
    });
    spawn(io_.get_executor(), "dial", [](TlsTest* test, std::shared_ptr<Tls> tls) -> asio::awaitable<void> {
      const DialOptions options{.tls = tls};
      test->dialed_ = co_await dial(test->io_.get_executor(), test->address(), options);
      test->dial_done_ = true;
    }(this, client));
    run_until([this] { return accept_done_ && dial_done_; });
  }

  template <typename Condition>
  void run_until(Condition condition) {
    const auto give_up = std::chrono::steady_clock::now() + 30s;
    while (!condition()) {
      ASSERT_LT(std::chrono::steady_clock::now(), give_up);
      io_.restart();
      io_.run_one_for(1s);
    }
  }

  asio::io_context io_;
  tcp::acceptor acceptor_;
  std::unique_ptr<Stream> accepted_;
  asio::error_code accept_error_;
  bool accept_done_ = false;
  Dialed dialed_ = unexpected(Loss{});
  bool dial_done_ = false;
};

// Reads to the end of the stream.
asio::awaitable<void> collect(Stream& stream, std::string& into, bool& ended) {
  std::array<char, 5000> buffer{};  // Smaller than a record: what is left inside must not be forgotten.
  while (true) {
    if (!stream.has_unread()) co_await stream.async_wait_readable(asio::use_awaitable);
    asio::error_code error;
    const std::size_t count = stream.read_some(asio::buffer(buffer), error);
    if (error == asio::error::would_block) continue;
    if (error) break;
    into.append(buffer.data(), count);
  }
  ended = true;
}

TEST_F(TlsTest, CarriesMegabytesBothWaysAndEndsCleanly) {
  const auto tls = loaded(certificates().settings("server"));
  connect(tls, loaded(certificates().settings("client")));
  ASSERT_FALSE(accept_error_) << accept_error_.message();
  ASSERT_TRUE(dialed_) << dialed_.error().text;

  std::string sent(8 << 20, 'x');
  for (std::size_t i = 0; i < sent.size(); ++i) sent[i] = static_cast<char>(i * 31 + i / 4096);
  std::string there, back;
  bool there_ended = false, back_ended = false;
  spawn(io_.get_executor(), "there", collect(*accepted_, there, there_ended));
  spawn(io_.get_executor(), "back", collect(*dialed_, back, back_ended));
  int written = 0;
  for (Stream* stream : {&*dialed_, accepted_.get()}) {
    asio::async_write(*stream, asio::buffer(sent), [&](asio::error_code error, std::size_t) {
      EXPECT_FALSE(error) << error.message();
      ++written;
    });
  }
  run_until([&] { return written == 2 && there.size() == sent.size() && back.size() == sent.size(); });
  EXPECT_TRUE(there == sent);
  EXPECT_TRUE(back == sent);

  accepted_->close();
  run_until([&] { return back_ended; });
}

TEST_F(TlsTest, RefusesAServerOfAnotherAuthorityAndSaysWhose) {
  TlsSettings foreign = certificates().settings("foreign");
  foreign.auth_clients = TlsClientCertificate::Ignored;
  connect(loaded(foreign), loaded(certificates().settings("client")));
  ASSERT_FALSE(dialed_);
  EXPECT_EQ(dialed_.error().cause, DownCause::Failed);
  EXPECT_THAT(dialed_.error().text, testing::HasSubstr("its certificate is refused"));
  EXPECT_THAT(dialed_.error().text, testing::HasSubstr("/CN=foreign"));
}

TEST_F(TlsTest, RefusesAClientWithoutACertificateWhereOneIsRequired) {
  TlsSettings bare = certificates().settings("client");
  bare.port = 0;
  bare.cert_file = bare.key_file = "";
  connect(loaded(certificates().settings("server")), loaded(bare));
  EXPECT_TRUE(accept_error_);
  EXPECT_THAT(accept_error_.message(), testing::HasSubstr("peer did not return a certificate"));
}

TEST_F(TlsTest, GivesUpOnAPeerThatNeverFinishesItsHandshake) {
  const auto tls = loaded(certificates().settings("server"));
  tcp::socket silent(io_);
  silent.connect(tcp::endpoint(asio::ip::make_address("127.0.0.1"), address().port));
  Stream stream = tls->accept(acceptor_.accept());
  bool done = false;
  asio::error_code result;
  spawn(io_.get_executor(), "accept", [](Stream& accepted, asio::error_code& into, bool& end) -> asio::awaitable<void> {
    into = co_await accepted.handshake(50ms);
    end = true;
  }(stream, result, done));
  run_until([&] { return done; });
  EXPECT_EQ(result, asio::error::timed_out);
  EXPECT_FALSE(stream.socket().is_open());
}

TEST_F(TlsTest, KeepsItsCertificatesWhenTheNewOnesAreBad) {
  certificates().issue("renewed", "ca");
  const auto tls = loaded(certificates().settings("renewed"));
  EXPECT_FALSE(tls->files_changed());
  std::ofstream(certificates().at("renewed.crt"), std::ios::trunc) << "no certificate\n";
  EXPECT_TRUE(tls->files_changed());
  const auto reloaded = tls->reload();
  ASSERT_FALSE(reloaded);
  EXPECT_THAT(reloaded.error(), testing::StartsWith("Failed to load certificate: " + certificates().at("renewed.crt")));
  EXPECT_FALSE(tls->files_changed()) << "tried once, not every ten seconds";

  connect(tls, loaded(certificates().settings("client")));
  EXPECT_TRUE(dialed_) << "the old certificate is in use: " << dialed_.error().text;
}

TEST_F(TlsTest, SaysWhatIsMissing) {
  const auto why = [](TlsSettings settings) {
    auto tls = Tls::load(std::move(settings));
    return tls ? std::string() : tls.error();
  };
  TlsSettings settings = certificates().settings("server");
  settings.ca_cert_file.clear();
  EXPECT_THAT(why(settings), testing::StartsWith("Either tls-ca-cert-file or tls-ca-cert-dir must be specified"));
  settings = certificates().settings("server");
  settings.key_file = certificates().at("client.key");
  EXPECT_THAT(why(settings), testing::HasSubstr("key values mismatch"));
  settings = certificates().settings("server");
  settings.ciphers = "NONSENSE";
  EXPECT_EQ(why(settings), "Failed to configure ciphers: NONSENSE");
  settings = certificates().settings("server");
  settings.protocols = "TLSv1.1";
  EXPECT_EQ(why(settings), "tls-protocols has nothing but versions that are not safe: add TLSv1.2 or TLSv1.3");
  settings.protocols = "tls1.3";
  EXPECT_EQ(why(settings), "Invalid tls-protocols specified. Use a combination of 'TLSv1.2' and 'TLSv1.3'.");
}

}  // namespace
}  // namespace sentinel
