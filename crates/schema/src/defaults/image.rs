//! When to pull an image, which depends on its tag (`SetDefaults_Container` in pkg/apis/core/v1,
//! with the reading of names of `parsers.ParseImageName`).

use super::Object;
use object::Value;

/// A container of any sort.
pub(super) fn container(container: &mut Object) {
    set_pull_policy(container, "image", "imagePullPolicy");
}

/// A volume made of an image.
pub(super) fn volume(source: &mut Object) {
    set_pull_policy(source, "reference", "pullPolicy");
}

fn set_pull_policy(object: &mut Object, image: &str, policy: &str) {
    if object.get(policy).and_then(Value::as_str).is_none_or(str::is_empty) {
        let image = object.get(image).and_then(Value::as_str).unwrap_or_default();
        let value = if is_latest(image) { "Always" } else { "IfNotPresent" };
        object.insert(policy.to_owned(), value.into());
    }
}

/// Whether the image is the newest one at any time: tagged `latest`, or without tag and digest. A
/// name that is no image name is not; validation speaks of it.
fn is_latest(image: &str) -> bool {
    let (named, digest) = match image.split_once('@') {
        Some((named, digest)) => (named, Some(digest)),
        None => (image, None),
    };
    let (name, tag) = match named.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => (name, Some(tag)),
        _ => (named, None),
    };
    is_name(name)
        && digest.is_none_or(is_digest)
        && match tag {
            Some(tag) => tag == "latest",
            None => digest.is_none(),
        }
}

/// A repository, maybe behind a host. Upper case is for hosts, and a bare identifier of an image
/// would be mistaken for a name.
fn is_name(name: &str) -> bool {
    const LENGTH_BYTES_MAX: usize = 255;
    let (host, path) = match name.split_once('/') {
        Some((host, path)) if is_host_like(host) => (Some(host), path),
        _ => (None, name),
    };
    let is_identifier = |text: &str| {
        text.len() == 64 && text.bytes().all(|c| matches!(c, b'0'..=b'9' | b'a'..=b'f'))
    };
    host.is_none_or(is_host)
        && path.len() <= LENGTH_BYTES_MAX
        && (host.is_some() || !is_identifier(path))
        && path.split('/').all(is_component)
}

fn is_host_like(text: &str) -> bool {
    text.contains(['.', ':']) || text == "localhost" || text.to_lowercase() != text
}

fn is_host(text: &str) -> bool {
    let (name, port) = match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, port)) => {
            let is_address = address.bytes().all(|c| c.is_ascii_hexdigit() || c == b':');
            return is_address && (port.is_empty() || port.strip_prefix(':').is_some_and(is_port));
        }
        None => match text.split_once(':') {
            Some((name, port)) => (name, Some(port)),
            None => (text, None),
        },
    };
    let is_label = |label: &str| {
        !label.is_empty()
            && label.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    name.split('.').all(is_label) && port.is_none_or(is_port)
}

fn is_port(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|c| c.is_ascii_digit())
}

/// Lower case letters and digits, parted by one dot, one or two underscores, or dashes.
fn is_component(text: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let separators = text.split(is_plain).filter(|separator| !separator.is_empty());
    text.starts_with(is_plain)
        && text.ends_with(is_plain)
        && separators.into_iter().all(|separator| {
            matches!(separator, "." | "_" | "__") || separator.bytes().all(|c| c == b'-')
        })
}

fn is_digest(text: &str) -> bool {
    const HEX_DIGITS_MIN: usize = 32;
    text.split_once(':').is_some_and(|(algorithm, hex)| {
        algorithm.starts_with(|c: char| c.is_ascii_alphabetic())
            && hex.len() >= HEX_DIGITS_MIN
            && hex.bytes().all(|c| c.is_ascii_hexdigit())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_latest() {
        let digest = format!("sha256:{}", "a".repeat(64));
        for (image, latest) in [
            ("nginx", true),
            ("nginx:latest", true),
            ("nginx:1.25", false),
            ("localhost:5000/nginx", true),
            ("registry.example.com:5000/a/b:latest", true),
            ("registry.example.com/a__b/c-d.e:v1", false),
            ("", false),
            ("Nginx", false),
            ("Host/nginx", true),
            ("nginx latest", false),
            ("a___b", false),
            (&"a".repeat(64), false),
            (&format!("nginx@{digest}"), false),
            (&format!("nginx:latest@{digest}"), true),
            (&format!("nginx:1@{digest}"), false),
            ("nginx@sha256:1", false),
        ] {
            assert_eq!(is_latest(image), latest, "{image}");
        }
    }
}
