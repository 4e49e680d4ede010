#include "common/conf/tls_directives.h"

#include <gtest/gtest.h>

namespace sentinel::conf {
namespace {

TEST(TlsDirectives, EveryChangeableOneReadsItsOwnValue) {
  TlsSettings unlike;
  unlike.cert_file = "/c d.crt";
  unlike.auth_clients = TlsClientCertificate::Ignored;
  unlike.prefer_server_ciphers = !unlike.prefer_server_ciphers;
  unlike.session_cache_size = 7;
  for (const TlsSettings& from : {TlsSettings{}, unlike}) {
    TlsSettings to;
    for (const std::string_view name : changeable_tls_directives()) {
      const std::string value = tls_directive_value(name, from);
      EXPECT_EQ(apply_tls_directive({std::string(name), value}, to), "") << name << ' ' << value;
    }
    EXPECT_EQ(to, from);
  }
}

TEST(TlsDirectives, WhatIsWrongIsToldInStocksWords) {
  TlsSettings tls;
  EXPECT_EQ(apply_tls_directive({"tls-auth-clients", "maybe"}, tls),
            "argument(s) must be one of the following: no, yes, optional");
  EXPECT_EQ(apply_tls_directive({"TLS-port", "65536"}, tls), "argument must be between 0 and 65535 inclusive");
  EXPECT_EQ(apply_tls_directive({"tls-cert-file"}, tls), "wrong number of arguments");
  EXPECT_EQ(apply_tls_directive({"tls-nonsense", "1"}, tls), "Bad directive or wrong number of arguments");
  EXPECT_EQ(tls, TlsSettings{});
}

}  // namespace
}  // namespace sentinel::conf
