//! The rules for names and their exact sentences, as they stand in field errors.
//!
//! Each function returns what is wrong, nothing when all is well. Mirrors
//! `k8s.io/apimachinery/pkg/util/validation` and `pkg/api/validate/content`. The two packages count
//! a length differently in words: the former in "characters", the latter in "bytes".

/// The limit of a DNS label, in bytes.
pub const DNS_LABEL_BYTES_MAX: usize = 63;
/// The limit of a DNS subdomain, in bytes.
pub const DNS_SUBDOMAIN_BYTES_MAX: usize = 253;
/// The limit of a label's value, and of a label key's name part, in bytes.
pub const LABEL_BYTES_MAX: usize = 63;

const LABEL_1123: &str = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
const SUBDOMAIN_1123: &str = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*";
const LABEL_KEY: &str = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]";
const SUBDOMAIN_1123_RULE: &str = concat!(
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or ",
    "'.', and must start and end with an alphanumeric character"
);

/// RFC 1123 label: `my-name`.
pub fn dns1123_label(value: &str) -> Vec<String> {
    let mut errors = over(value, DNS_LABEL_BYTES_MAX);
    if !is_label(value) {
        errors.push(if is_subdomain(value) {
            "must not contain dots".to_owned()
        } else {
            pattern(
                "a lowercase RFC 1123 label must consist of lower case alphanumeric characters \
                 or '-', and must start and end with an alphanumeric character",
                LABEL_1123,
                &["my-name", "123-abc"],
            )
        });
    }
    errors
}

/// RFC 1123 subdomain: `example.com`.
pub fn dns1123_subdomain(value: &str) -> Vec<String> {
    let mut errors = over(value, DNS_SUBDOMAIN_BYTES_MAX);
    if !is_subdomain(value) {
        errors.push(pattern(SUBDOMAIN_1123_RULE, SUBDOMAIN_1123, &["example.com"]));
    }
    errors
}

/// RFC 1123 subdomain whose labels may hold underscores and start with one.
pub fn dns1123_subdomain_with_underscore(value: &str) -> Vec<String> {
    let mut errors = over(value, DNS_SUBDOMAIN_BYTES_MAX);
    let is_part = |part: &str| {
        let part = part.strip_prefix('_').unwrap_or(part);
        edges(part, is_lower_alnum, is_lower_alnum)
            && part.bytes().all(|b| is_lower_alnum(b) || b == b'-' || b == b'_')
    };
    if !value.split('.').all(is_part) {
        errors.push(pattern(
            "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, \
             '_', '-' or '.', and must start and end with an alphanumeric character",
            r"_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?(\._?[a-z0-9]([-_a-z0-9]*[a-z0-9])?)*",
            &["example.com"],
        ));
    }
    errors
}

/// RFC 1035 label: as 1123, but starting with a letter.
pub fn dns1035_label(value: &str) -> Vec<String> {
    let mut errors = over(value, DNS_LABEL_BYTES_MAX);
    if !(is_label(value) && value.starts_with(|c: char| c.is_ascii_lowercase())) {
        errors.push(pattern(
            "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start \
             with an alphabetic character, and end with an alphanumeric character",
            "[a-z]([-a-z0-9]*[a-z0-9])?",
            &["my-name", "abc-123"],
        ));
    }
    errors
}

/// `*.` followed by a subdomain.
pub fn wildcard_dns1123_subdomain(value: &str) -> Vec<String> {
    let mut errors = over(value, DNS_SUBDOMAIN_BYTES_MAX);
    if !value.strip_prefix("*.").is_some_and(is_subdomain) {
        errors.push(pattern(
            "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS \
             subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and \
             end with an alphanumeric character",
            &format!(r"\*\.{SUBDOMAIN_1123}"),
            &["*.example.com"],
        ));
    }
    errors
}

/// A label's key, an annotation's key, a finalizer, a resource's name: `example.com/MyName`.
pub fn qualified_name(value: &str) -> Vec<String> {
    let mut errors = Vec::new();
    let pattern_of_name = |prefix: &str| {
        pattern(
            &format!(
                "{prefix}must consist of alphanumeric characters, '-', '_' or '.', and must start \
                 and end with an alphanumeric character"
            ),
            LABEL_KEY,
            &["MyName", "my.name", "123-abc"],
        )
    };
    let parts: Vec<&str> = value.split('/').collect();
    let name = match parts.as_slice() {
        [name] => name,
        [prefix, name] => {
            if prefix.is_empty() {
                errors.push("prefix part must be non-empty".to_owned());
            } else {
                errors.extend(over_bytes("prefix part ", prefix, DNS_SUBDOMAIN_BYTES_MAX));
                if !is_subdomain(prefix) {
                    let rule = format!("prefix part {SUBDOMAIN_1123_RULE}");
                    errors.push(pattern(&rule, SUBDOMAIN_1123, &["example.com"]));
                }
            }
            name
        }
        _ => {
            return vec![format!(
                "{} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')",
                pattern_of_name("a valid label key ")
            )];
        }
    };
    if name.is_empty() {
        errors.push("name part must be non-empty".to_owned());
    }
    errors.extend(over_bytes("name part ", name, LABEL_BYTES_MAX));
    if !is_label_key(name) {
        errors.push(pattern_of_name("name part "));
    }
    errors
}

/// A label's value; empty is one.
pub fn label_value(value: &str) -> Vec<String> {
    let mut errors = over_bytes("", value, LABEL_BYTES_MAX);
    if !(value.is_empty() || is_label_key(value)) {
        errors.push(pattern(
            "a valid label must be an empty string or consist of alphanumeric characters, '-', \
             '_' or '.', and must start and end with an alphanumeric character",
            &format!("({LABEL_KEY})?"),
            &["MyValue", "my_value", "12345"],
        ));
    }
    errors
}

/// A name that may stand between two slashes of a URL's path.
pub fn path_segment_name(value: &str) -> Vec<String> {
    if matches!(value, "." | "..") {
        return vec![format!("may not be '{value}'")];
    }
    path_segment_prefix(value)
}

/// What a name that may stand in a URL's path can start with.
pub fn path_segment_prefix(value: &str) -> Vec<String> {
    let banned = ["/", "%"].into_iter().filter(|part| value.contains(part));
    banned.map(|part| format!("may not contain '{part}'")).collect()
}

/// A key of a ConfigMap or Secret.
pub fn config_map_key(value: &str) -> Vec<String> {
    let mut errors = over(value, DNS_SUBDOMAIN_BYTES_MAX);
    let is_key_byte = |b: u8| b.is_ascii_alphanumeric() || b"-._".contains(&b);
    if value.is_empty() || !value.bytes().all(is_key_byte) {
        errors.push(pattern(
            "a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
            "[-._a-zA-Z0-9]+",
            &["key.name", "KEY_NAME", "key-name"],
        ));
    }
    errors.extend(parent_directory(value));
    errors
}

/// The name of an environment variable, by the rule that held before it was relaxed.
pub fn env_var_name(value: &str) -> Vec<String> {
    let is_first = |b: u8| b.is_ascii_alphabetic() || b"-._".contains(&b);
    let mut errors = Vec::new();
    let fits = value.bytes().next().is_some_and(is_first)
        && value.bytes().all(|b| is_first(b) || b.is_ascii_digit());
    if !fits {
        errors.push(pattern(
            "a valid environment variable name must consist of alphabetic characters, digits, \
             '_', '-', or '.', and must not start with a digit",
            "[-._a-zA-Z][-._a-zA-Z0-9]*",
            &["my.env-name", "MY_ENV.NAME", "MyEnvName1"],
        ));
    }
    errors.extend(parent_directory(value));
    errors
}

/// The name of an environment variable, by today's rule.
pub fn relaxed_env_var_name(value: &str) -> Vec<String> {
    let mut errors = Vec::new();
    if value.is_empty() {
        errors.push("environment variable name must be non-empty".to_owned());
    }
    if !value.chars().all(|c| (' '..='~').contains(&c) && c != '=') {
        errors.push(
            "a valid environment variable name must consist only of printable ASCII characters \
             other than '='"
                .to_owned(),
        );
    }
    errors
}

/// The name of a port: an IANA service name.
pub fn port_name(value: &str) -> Vec<String> {
    let mut errors = over(value, 15);
    let mut check = |ok: bool, message: &str| {
        if !ok {
            errors.push(message.to_owned());
        }
    };
    check(
        !value.is_empty() && value.bytes().all(|b| is_lower_alnum(b) || b == b'-'),
        "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)",
    );
    check(value.bytes().any(|b| b.is_ascii_lowercase()), "must contain at least one letter (a-z)");
    check(!value.contains("--"), "must not contain consecutive hyphens");
    check(!(value.starts_with('-') || value.ends_with('-')), "must not begin or end with a hyphen");
    errors
}

/// The number of a port.
pub fn port_number(port: i64) -> Vec<String> {
    in_range(port, 1, 65535)
}

/// A number between two others, both included.
pub fn in_range(value: i64, low: i64, high: i64) -> Vec<String> {
    if (low..=high).contains(&value) {
        return Vec::new();
    }
    vec![format!("must be between {low} and {high}, inclusive")]
}

/// An identifier of the language C.
pub fn c_identifier(value: &str) -> Vec<String> {
    let fits = value.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
        && value.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    if fits {
        return Vec::new();
    }
    vec![pattern(
        "a valid C identifier must start with alphabetic character or '_', followed by a string \
         of alphanumeric characters or '_'",
        "[A-Za-z_][A-Za-z0-9_]*",
        &["my_name", "MY_NAME", "MyName"],
    )]
}

/// A percentage such as `25%`.
pub fn percent(value: &str) -> Vec<String> {
    let digits = value.strip_suffix('%').unwrap_or_default();
    if !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) {
        return Vec::new();
    }
    vec![pattern(
        "a valid percent string must be a numeric string followed by an ending '%'",
        "[0-9]+%",
        &["1%", "93%"],
    )]
}

/// The name of an HTTP header.
pub fn http_header_name(value: &str) -> Vec<String> {
    if !value.is_empty() && value.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') {
        return Vec::new();
    }
    vec![pattern(
        "a valid HTTP header must consist of alphanumeric characters or '-'",
        "[-A-Za-z0-9]+",
        &["X-Header-Name"],
    )]
}

/// A `generateName` as the name rules see it: something will follow its last dash.
///
/// Like upstream, this drops the letter before the dash too.
pub fn mask_trailing_dash(name: &str) -> String {
    match name.strip_suffix('-') {
        Some(stem) if !stem.is_empty() => {
            let mut masked: String = stem.to_owned();
            masked.pop();
            masked.push('a');
            masked
        }
        _ => name.to_owned(),
    }
}

/// A rule's sentence, with its examples and its regular expression.
pub fn pattern(rule: &str, regex: &str, examples: &[&str]) -> String {
    if examples.is_empty() {
        return format!("{rule} (regex used for validation is '{regex}')");
    }
    let examples: Vec<String> = examples.iter().map(|e| format!("'{e}', ")).collect();
    format!("{rule} (e.g. {}regex used for validation is '{regex}')", examples.join(" or "))
}

fn over(value: &str, limit_bytes: usize) -> Vec<String> {
    let too_long = value.len() > limit_bytes;
    too_long.then(|| format!("must be no more than {limit_bytes} characters")).into_iter().collect()
}

fn over_bytes(part: &str, value: &str, limit_bytes: usize) -> Vec<String> {
    let too_long = value.len() > limit_bytes;
    too_long
        .then(|| format!("{part}must be no more than {limit_bytes} bytes"))
        .into_iter()
        .collect()
}

fn parent_directory(value: &str) -> Option<String> {
    match value {
        "." | ".." => Some(format!("must not be '{value}'")),
        _ if value.starts_with("..") => Some("must not start with '..'".to_owned()),
        _ => None,
    }
}

fn is_lower_alnum(b: u8) -> bool {
    b.is_ascii_lowercase() || b.is_ascii_digit()
}

/// Whether a text is not empty and starts and ends with a byte of the right kind.
fn edges(value: &str, first: fn(u8) -> bool, last: fn(u8) -> bool) -> bool {
    let bytes = value.as_bytes();
    bytes.first().is_some_and(|b| first(*b)) && bytes.last().is_some_and(|b| last(*b))
}

fn is_label(value: &str) -> bool {
    edges(value, is_lower_alnum, is_lower_alnum)
        && value.bytes().all(|b| is_lower_alnum(b) || b == b'-')
}

fn is_subdomain(value: &str) -> bool {
    value.split('.').all(is_label)
}

fn is_label_key(value: &str) -> bool {
    let is_alnum: fn(u8) -> bool = |b| b.is_ascii_alphanumeric();
    edges(value, is_alnum, is_alnum)
        && value.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
}

#[cfg(test)]
mod tests;
