//! Whom the `Impersonate-*` headers name, as they stand there: nothing is added yet.

use auth::UserInfo;
use http::{HeaderMap, HeaderName};
use object::ApiError;
use object::quote::quoted;
use percent_encoding::percent_decode_str;

const PREFIX: &str = "impersonate-";
const USER: &str = "impersonate-user";
const GROUP: &str = "impersonate-group";
const UID: &str = "impersonate-uid";
const EXTRA: &str = "impersonate-extra-";

/// Whom a request is to be from.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// The one who sends it.
    Nobody,
    /// A user without a name, which can't be.
    NoName(UserInfo),
    /// This one.
    User(UserInfo),
}

/// Reads the headers.
pub(super) fn read(headers: &HeaderMap) -> Wanted {
    if !headers.keys().any(|name| name.as_str().starts_with(PREFIX)) {
        return Wanted::Nobody;
    }
    // A text that is not UTF-8 is no reason to leave out what somebody asked to be.
    let texts = |name: &str| -> Vec<String> {
        let values = headers.get_all(name).iter();
        values.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned()).collect()
    };
    let mut wanted = UserInfo {
        name: texts(USER).into_iter().next().unwrap_or_default(),
        uid: texts(UID).into_iter().next().unwrap_or_default(),
        groups: texts(GROUP),
        ..UserInfo::default()
    };
    for name in headers.keys() {
        if let Some(key) = name.as_str().strip_prefix(EXTRA) {
            wanted.extra.entry(unescaped(key)).or_default().extend(texts(name.as_str()));
        }
    }
    if !wanted.name.is_empty() {
        return Wanted::User(wanted);
    }
    if wanted == UserInfo::default() { Wanted::Nobody } else { Wanted::NoName(wanted) }
}

/// Removes what [`read`] reads.
pub(super) fn strip(headers: &mut HeaderMap) {
    let read = |name: &&HeaderName| {
        matches!(name.as_str(), USER | GROUP | UID) || name.as_str().starts_with(EXTRA)
    };
    let names: Vec<_> = headers.keys().filter(read).cloned().collect();
    for name in names {
        headers.remove(name);
    }
}

/// 400 for a user without a name.
pub(super) fn without_name(parts: &UserInfo) -> ApiError {
    let extra = parts.extra.iter();
    let extra: Vec<String> =
        extra.map(|(key, values)| format!("{}:{}", quoted(key), go_strings(values))).collect();
    let extra =
        if extra.is_empty() { "(nil)".to_owned() } else { format!("{{{}}}", extra.join(", ")) };
    ApiError::bad_request(format!(
        "requested &user.DefaultInfo{{Name:\"\", UID:{}, Groups:{}, \
         Extra:map[string][]string{extra}}} without impersonating a user name",
        quoted(&parts.uid),
        go_strings(&parts.groups)
    ))
}

/// The same in the words that are older than the modes: each part is an object reference as Go
/// prints one.
pub(super) fn without_name_older(parts: &UserInfo) -> ApiError {
    const VERSION: &str = "authentication.k8s.io/v1";
    let groups = parts.groups.iter().map(|group| format!("{{Group  {group}    }}"));
    let mut all: Vec<String> = groups.collect();
    for (key, values) in &parts.extra {
        let values = values.iter();
        all.extend(values.map(|value| format!("{{UserExtra  {value}  {VERSION}  {key}}}")));
    }
    if !parts.uid.is_empty() {
        all.push(format!("{{UID  {}  {VERSION}  }}", parts.uid));
    }
    let all = all.join(" ");
    ApiError::bad_request(format!("requested [{all}] without impersonating a user"))
}

/// A list of texts as Go shows it to a programmer.
fn go_strings(texts: &[String]) -> String {
    if texts.is_empty() {
        return "[]string(nil)".to_owned();
    }
    let quoted: Vec<String> = texts.iter().map(|text| quoted(text)).collect();
    format!("[]string{{{}}}", quoted.join(", "))
}

/// A key with its `%2F` read; one that is wrongly escaped stays as it is.
fn unescaped(key: &str) -> String {
    let mut escapes = key.split('%').skip(1);
    let whole = |rest: &str| {
        rest.as_bytes().get(..2).is_some_and(|two| two.iter().all(u8::is_ascii_hexdigit))
    };
    if !escapes.all(whole) {
        return key.to_owned();
    }
    percent_decode_str(key).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn headers(given: &[(&'static str, &'static [u8])]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in given {
            headers.append(*name, HeaderValue::from_bytes(value).expect("a value"));
        }
        headers
    }

    #[test]
    fn all_parts_are_read_and_removed() {
        let mut given = headers(&[
            ("impersonate-user", b"jane"),
            ("impersonate-group", b"a"),
            ("impersonate-group", b"b"),
            ("impersonate-uid", b"7"),
            ("impersonate-extra-acme.com%2fscopes", b"view"),
            ("impersonate-extra-%61", b"1"),
            ("impersonate-extra-a", b"2"),
            ("impersonate-extra-50%", b"half"),
            ("accept", b"*/*"),
        ]);
        let Wanted::User(user) = read(&given) else { panic!("a user") };
        assert_eq!((&*user.name, &*user.uid), ("jane", "7"));
        assert_eq!(user.groups, ["a", "b"]);
        let extra: Vec<_> = user.extra.iter().map(|(k, v)| (k.as_str(), v.join(","))).collect();
        let expected = [
            ("50%", "half".to_owned()),
            ("a", "1,2".to_owned()),
            ("acme.com/scopes", "view".to_owned()),
        ];
        assert_eq!(extra, expected);
        strip(&mut given);
        assert_eq!(given.keys().map(HeaderName::as_str).collect::<Vec<_>>(), ["accept"]);
    }

    #[test]
    fn a_name_that_is_no_text_is_a_name() {
        let Wanted::User(user) = read(&headers(&[("impersonate-user", b"j\xfcrgen")])) else {
            panic!("a user")
        };
        assert_eq!(user.name, "j\u{fffd}rgen");
    }

    #[test]
    fn parts_alone_are_nobody() {
        assert_eq!(read(&headers(&[])), Wanted::Nobody);
        assert_eq!(read(&headers(&[("impersonate-user", b"")])), Wanted::Nobody);
        for (name, value, shown, older) in [
            (
                "impersonate-group",
                "a",
                "UID:\"\", Groups:[]string{\"a\"}, Extra:map[string][]string(nil)}",
                "requested [{Group  a    }] without impersonating a user",
            ),
            (
                "impersonate-uid",
                "7",
                "UID:\"7\", Groups:[]string(nil), Extra:map[string][]string(nil)}",
                "requested [{UID  7  authentication.k8s.io/v1  }] without impersonating a user",
            ),
            (
                "impersonate-extra-scopes",
                "view",
                "Groups:[]string(nil), Extra:map[string][]string{\"scopes\":[]string{\"view\"}}}",
                "requested [{UserExtra  view  authentication.k8s.io/v1  scopes}] without \
                 impersonating a user",
            ),
        ] {
            let Wanted::NoName(parts) = read(&headers(&[(name, value.as_bytes())])) else {
                panic!("{name}")
            };
            let refused = without_name(&parts);
            assert!(refused.message.contains(shown), "{}", refused.message);
            assert_eq!(without_name_older(&parts).message, older);
        }
    }
}
