//! Tables of good and bad names, with upstream's sentences for the bad ones.

use super::*;

#[test]
fn good_names_pass() {
    let long = "a".repeat(63);
    type Rule = fn(&str) -> Vec<String>;
    let table: [(Rule, &[&str]); 8] = [
        (dns1123_label, &["a", "0", "my-name", "1-a", &long]),
        (dns1123_subdomain, &["a", "example.com", "1.2.3", "a-b.c"]),
        (dns1035_label, &["a", "a-1"]),
        (qualified_name, &["a", "example.com/A_b.c", "1/2", "kubernetes.io/x"]),
        (label_value, &["", "a", "A.b_c-d", &long]),
        (config_map_key, &["a", "a_B.c-d", ".hidden"]),
        (port_name, &["http", "a-1"]),
        (wildcard_dns1123_subdomain, &["*.example.com"]),
    ];
    for (rule, names) in table {
        for name in names {
            assert_eq!(rule(name), Vec::<String>::new(), "{name}");
        }
    }
}

#[test]
fn bad_names_get_upstreams_sentences() {
    assert_eq!(
        dns1123_label("A"),
        ["a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', \
          and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', \
          regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"]
    );
    assert_eq!(dns1123_label("a.b"), ["must not contain dots"]);
    assert_eq!(dns1123_label(&"a".repeat(64)), ["must be no more than 63 characters"]);
    assert_eq!(label_value(&"a".repeat(64)), ["must be no more than 63 bytes"]);
    assert_eq!(
        dns1123_subdomain("Web"),
        ["a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' \
          or '.', and must start and end with an alphanumeric character (e.g. 'example.com', \
          regex used for validation is \
          '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"]
    );
    assert_eq!(
        qualified_name("a/b/c"),
        ["a valid label key must consist of alphanumeric characters, '-', '_' or '.', and must \
          start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or \
          '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]') \
          with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"]
    );
    assert_eq!(qualified_name("/x")[0], "prefix part must be non-empty");
    assert_eq!(qualified_name("x/")[0], "name part must be non-empty");
    assert_eq!(qualified_name("x/").len(), 2);
    assert_eq!(path_segment_name(".."), ["may not be '..'"]);
    assert_eq!(path_segment_name("a/%"), ["may not contain '/'", "may not contain '%'"]);
    assert_eq!(config_map_key(".."), ["must not be '..'"]);
    assert_eq!(config_map_key("..a"), ["must not start with '..'"]);
    assert_eq!(port_number(0), ["must be between 1 and 65535, inclusive"]);
    assert_eq!(port_name("80"), ["must contain at least one letter (a-z)"]);
    for name in ["", "-a", "a-", "a_b", "a..b", "é"] {
        assert!(!dns1123_subdomain(name).is_empty(), "{name}");
    }
    assert!(!dns1035_label("1a").is_empty());
}

#[test]
fn a_generated_name_is_checked_without_its_dash() {
    assert_eq!(mask_trailing_dash("web-"), "wea");
    assert_eq!(mask_trailing_dash("-"), "-");
    assert_eq!(mask_trailing_dash("web"), "web");
}
