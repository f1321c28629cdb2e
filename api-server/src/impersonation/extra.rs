//! What may stand in the extra of a user whom a constrained mode lets somebody be: keys with a
//! domain, in lower case, and values that are not empty.

use object::names::dns1123_subdomain;
use object::quote::quoted;
use std::collections::BTreeMap;

/// What a path may consist of beside letters and digits.
const PATH_SIGNS: &str = "/-._~%!$&'()*+,;=:";

/// Upstream's words about the first key that may not stand there.
pub(super) fn check(extra: &BTreeMap<String, Vec<String>>) -> Result<(), String> {
    for (key, values) in extra {
        if key.is_empty() {
            return Err("impersonating the empty string key in extra is not allowed".to_owned());
        }
        let mut errors = path(key);
        errors.dedup();
        if !errors.is_empty() {
            let why = match errors.as_slice() {
                [one] => one.clone(),
                many => format!("[{}]", many.join(", ")),
            };
            return Err(format!("impersonating an invalid key in extra is not allowed: {why}"));
        }
        if *key != key.to_lowercase() {
            let key = quoted(key);
            return Err(format!(
                "impersonating a non-lowercase key in extra is not allowed: {key}"
            ));
        }
        if values.is_empty() {
            return Err("impersonating empty values in extra is not allowed".to_owned());
        }
        if values.iter().any(String::is_empty) {
            return Err("impersonating the empty string value in extra is not allowed".to_owned());
        }
    }
    Ok(())
}

/// What is wrong with a path behind a domain.
fn path(key: &str) -> Vec<String> {
    let invalid =
        |value: &str, why: &str| format!("extra.key: Invalid value: {}: {why}", quoted(value));
    let parts = key.split_once('/').filter(|(host, path)| !host.is_empty() && !path.is_empty());
    let Some((host, path)) = parts else {
        return vec![invalid(key, "must be a domain-prefixed path (such as \"acme.io/foo\")")];
    };
    let mut errors: Vec<String> =
        dns1123_subdomain(host).iter().map(|why| invalid(host, why)).collect();
    if !path.chars().all(|c| c.is_ascii_alphanumeric() || PATH_SIGNS.contains(c)) {
        let why = "Invalid path (regex used for validation is \
                   '[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+')";
        errors.push(invalid(path, why));
    }
    errors
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_have_a_domain_and_values_are_not_empty() {
        const INVALID: &str = "impersonating an invalid key in extra is not allowed: extra.key: \
                               Invalid value: ";
        let table: [(&str, &[&str], &str); 9] = [
            ("acme.io/scopes", &["view", "edit"], ""),
            ("acme.io/a/b:c", &["x"], ""),
            ("", &["x"], "impersonating the empty string key in extra is not allowed"),
            (
                "scopes",
                &["x"],
                "\"scopes\": must be a domain-prefixed path (such as \"acme.io/foo\")",
            ),
            (
                "acme.io/",
                &["x"],
                "\"acme.io/\": must be a domain-prefixed path (such as \"acme.io/foo\")",
            ),
            (
                "acme.io/a b",
                &["x"],
                "\"a b\": Invalid path (regex used for validation is \
                 '[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+')",
            ),
            (
                "acme.io/Scopes",
                &["x"],
                "impersonating a non-lowercase key in extra is not allowed: \"acme.io/Scopes\"",
            ),
            ("acme.io/a", &[], "impersonating empty values in extra is not allowed"),
            ("acme.io/a", &[""], "impersonating the empty string value in extra is not allowed"),
        ];
        for (key, values, why) in table {
            let values = values.iter().map(|value| (*value).to_owned()).collect();
            let found = check(&[(key.to_owned(), values)].into()).err().unwrap_or_default();
            assert_eq!(found.strip_prefix(INVALID).unwrap_or(&found), why, "{key}");
        }
    }
}
