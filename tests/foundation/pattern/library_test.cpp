// config/patterns: the names that hub content needs, with the fields it reads.
#include <gtest/gtest.h>

#include <algorithm>

#include "hub_corpus.h"

namespace testudo::test {
namespace {

struct Row {
  const char* sentence;
  const char* expression;
  const char* text;
  /// field=value,… in order of appearance; "-" for no match
  const char* fields;
};

const Row rows[] = {
    {"an IPv4 address has no word boundaries", "%{IPV4:a}", "x192.0.2.1999", "a=192.0.2.199"},
    {"an octet over 255 ends earlier", "^%{IPV4:a}$", "192.0.2.256", "-"},
    {"an IPv6 address may be short", "^%{IP:a}$", "2001:db8::1", "a=2001:db8::1"},
    {"an IPv6 address may end as IPv4", "^%{IPV6:a}$", "::ffff:192.0.2.1", "a=::ffff:192.0.2.1"},
    {"an IPv6 zone runs to the end of the line", "%{IPV6:a}", "fe80::1%eth0 port 22",
     "a=fe80::1%eth0 port 22"},
    {"a host name has no underscore", "^%{HOSTNAME:a}$", "my_host", "-"},
    {"a mail address may hold a slash before the at", "^%{EMAILADDRESS:a}$", "a/b@example.org",
     "a=a/b@example.org"},
    {"a user of nginx has no digits", "^%{NGUSER:a}$", "root1", "-"},
    {"a host of a URI brings its port", "%{URIHOST:host}", "example.org:8080",
     "host=example.org:8080,port=8080"},
    {"a path of a URI has no ampersand", "^%{URIPATH:a}", "/x&y", "a=/x"},
    {"a quoted string may hold escaped quotes", "%{QS:a}", R"(x "a\"b" y)", R"(a="a\"b")"},
    {"a German month", "^%{MONTH:a}$", "März", "a=März"},
    {"an ISO stamp with a fraction and a zone", "^%{TIMESTAMP_ISO8601:a}$", "2024-05-01T10:00:00.123+02:00",
     "a=2024-05-01T10:00:00.123+02:00"},
    {"a level in capitals", "^%{LOGLEVEL:a}$", "WARNING", "a=WARNING"},
    {"a level in mixed letters is none", "^%{LOGLEVEL:a}$", "wArning", "-"},
    {"a UUID", "^%{UUID:a}$", "123e4567-e89b-12d3-a456-426614174000",
     "a=123e4567-e89b-12d3-a456-426614174000"},
    {"the three forms of a MAC", "^%{MAC:a} %{MAC:b} %{MAC:c}$",
     "0011.2233.4455 00-11-22-33-44-55 00:11:22:33:44:55",
     "a=0011.2233.4455,b=00-11-22-33-44-55,c=00:11:22:33:44:55"},
    {"a syslog line", "^%{SYSLOGLINE}$", "May  1 10:00:00 web sshd[42]: hello",
     "timestamp=May  1 "
     "10:00:00,timestamp8601=,facility=,priority=,logsource=web,program=sshd,pid=42,message=hello"},
    {"a failed login", "%{SSHD_FAIL}", "Failed password for root from 192.0.2.7 port 4711 ssh2",
     "sshd_auth_type=password,sshd_invalid_user=root,sshd_client_ip=192.0.2.7,sshd_port=4711,sshd_protocol="
     "ssh2"},
    {"a failed login of nobody", "%{SSHD_USER_FAIL}",
     "Failed password for invalid user bob from 2001:db8::7 port 4711 ssh2",
     "sshd_invalid_user=bob,sshd_client_ip=2001:db8::7,sshd_port=4711,sshd_protocol=ssh2"},
    {"a disconnect before authentication", "%{SSHD_DISC_PREAUTH}",
     "Disconnected from 192.0.2.7 port 4711 [preauth]",
     "sshd_client_ip=192.0.2.7,sshd_port=4711,sshd_privsep=preauth"},
    {"a foreign protocol", "%{SSHD_BAD_VERSION}",
     "Bad protocol version identification 'GET /' from 192.0.2.7", "sshd_client_ip=192.0.2.7"},
    {"a date of HAProxy, whose seconds take what they can of the fraction", "%{HAPROXYDATE:d}",
     "01/May/2024:10:00:01.123",
     "d=01/May/"
     "2024:10:00:01.123,haproxy_monthday=01,haproxy_month=May,haproxy_year=2024,haproxy_time=10:00:01.1,"
     "haproxy_hour=10,haproxy_minute=00,haproxy_second=01.1,haproxy_milliseconds=3"},
    {"Samba does not know the user", "%{SMB_AUTH_FAIL}",
     R"(Auth: [SMB2] user [WG]\[root] at [x] status [NT_STATUS_NO_SUCH_USER] on [M] remote host [ipv4:192.0.2.7:44])",
     "smb_domain=WG,user=root,ip_source=192.0.2.7"},
    {"a line of naxsi", "%{NAXSI_EXLOG}",
     "NAXSI_EXLOG: ip=192.0.2.7&server=example.org&uri=/x&id=42&zone=ARGS&var_name=q&content=z",
     "naxsi_src_ip=192.0.2.7,naxsi_dst_ip=example.org,http_path=/"
     "x,naxsi_id=42,naxsi_zone=ARGS,naxsi_var_name=q"},
    {"a session of Cowrie", "%{COWRIE_NEW_CO}",
     "New connection: 192.0.2.7:5 (198.51.100.1:2223) [session: TT0]",
     "source_ip=192.0.2.7,dest_ip=198.51.100.1,dest_port=2223,telnet_session=TT0"},
    {"a line of tcpdump", "%{TCPDUMP_OUTPUT}",
     "10:00:00 IP 192.0.2.7.4711 > 198.51.100.1.22: Flags [S], seq 1",
     "timestamp=10:00:00,source_ip=192.0.2.7,source_port=4711,dest_ip=198.51.100.1,dest_port=22,tcpflags=S"},
    {"an access of Apache", "^%{COMBINEDAPACHELOG}$",
     R"(192.0.2.7 - bob [01/May/2024:10:00:00 +0200] "GET /x HTTP/1.1" 200 5 "-" "curl")",
     R"(clientip=192.0.2.7,ident=-,auth=bob,timestamp=01/May/2024:10:00:00 +0200,verb=GET,request=/x,httpversion=1.1,)"
     R"(rawrequest=,response=200,bytes=5,referrer="-",agent="curl")"},
};

TEST(PatternLibrary, ReadsWhatItIsMadeFor) {
  GrokTable table;
  auto loaded = table.load_folder(patterns_folder());
  ASSERT_TRUE(loaded) << loaded.error().text();
  RegexScratch scratch;
  Captures captures;
  for (const Row& row : rows) {
    SCOPED_TRACE(row.sentence);
    auto grok = table.compile(row.expression);
    ASSERT_TRUE(grok) << grok.error().text();
    std::string fields = "-";
    if (grok->regex.match(row.text, scratch, captures)) {
      fields.clear();
      for (const GrokField& field : grok->fields)
        fields += (fields.empty() ? "" : ",") + field.name + "=" + std::string(captures[field.group]);
    }
    EXPECT_EQ(fields, row.fields);
  }
}

TEST(PatternLibrary, EveryNameCompilesAndUsesTheFastEngine) {
  GrokTable table;
  auto loaded = table.load_folder(patterns_folder());
  ASSERT_TRUE(loaded) << loaded.error().text();
  EXPECT_GT(table.size(), 100u);
  for (const std::string& name : table.names()) {
    auto grok = table.compile_named(name);
    ASSERT_TRUE(grok) << name << ": " << grok.error().text();
    EXPECT_TRUE(grok->regex.uses_jit()) << name;
  }
}

TEST(PatternLibrary, HasEveryNameThatHubContentUses) {
  const std::string folder = hub_folder();
  if (folder.empty())
    GTEST_SKIP() << "no hub content: set TESTUDO_HUB to a folder that holds hub/ and tests/";
  const HubCorpus corpus = read_hub(folder);
  ASSERT_GT(corpus.patterns.size(), 200u);
  for (const HubPattern& pattern : corpus.patterns) {
    auto grok = pattern.by_name ? corpus.table.compile_named(pattern.expression)
                                : corpus.table.compile(pattern.expression);
    EXPECT_TRUE(grok) << pattern.where << ": " << grok.error().text();
    if (grok && !grok->regex.uses_jit()) std::cout << pattern.where << ": RE2 alone\n";
  }
}

}  // namespace
}  // namespace testudo::test
