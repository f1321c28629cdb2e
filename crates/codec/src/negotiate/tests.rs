//! Which format a client is given, as tables of `Accept` and `Content-Type`.

use super::*;

const TABLE: &str = "application/json;as=Table;v=v1;g=meta.k8s.io";

fn chosen(header: &str, offer: Offer) -> String {
    match accept(header, offer) {
        Ok(chosen) => match chosen.convert {
            Some(convert) => format!("{:?} {}", chosen.format, convert.kind),
            None => format!("{:?}", chosen.format),
        },
        Err(error) => format!("{} {}", error.code, error.message),
    }
}

#[test]
fn accept_headers() {
    let none = "406 only the following media types are accepted: application/json, \
                application/yaml, application/vnd.kubernetes.protobuf";
    let proto = "application/vnd.kubernetes.protobuf";
    for (header, offer, expected) in [
        ("", Offer::BUILTIN, "Json"),
        ("*/*", Offer::BUILTIN, "Json"),
        ("*", Offer::BUILTIN, "Json"),
        ("application/*", Offer::BUILTIN, "Json"),
        ("text/html", Offer::BUILTIN, none),
        ("application/yaml", Offer::BUILTIN, "Yaml"),
        (&format!("{proto},application/json"), Offer::BUILTIN, "Proto"),
        (&format!("{proto}, application/json"), Offer::CUSTOM, "Json"),
        (proto, Offer::CUSTOM, none),
        (&format!("{TABLE},application/json"), Offer::BUILTIN, "Json Table"),
        (&format!("{TABLE},application/json"), Offer::PLAIN, "Json"),
        (
            "application/vnd.kubernetes.protobuf;as=Table;v=v1;g=meta.k8s.io,application/json",
            Offer::BUILTIN,
            "Json",
        ),
        (
            "application/vnd.kubernetes.protobuf;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io",
            Offer::CUSTOM,
            "Proto PartialObjectMetadataList",
        ),
        ("application/json;as=Sheet;v=v1;g=meta.k8s.io", Offer::BUILTIN, none),
        ("application/json;q=0.2, application/yaml;q=0.9", Offer::BUILTIN, "Yaml"),
        ("*/*, application/yaml", Offer::BUILTIN, "Yaml"),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", Offer::BUILTIN, "Json"),
        ("application/json;stream=watch", Offer::BUILTIN, "Json"),
        ("application/json;stream=other", Offer::BUILTIN, none),
    ] {
        assert_eq!(chosen(header, offer), expected, "{header}");
    }
}

#[test]
fn streams() {
    let stream = |header| accept_stream(header, Offer::BUILTIN);
    assert_eq!(
        stream("application/vnd.kubernetes.protobuf;stream=watch").unwrap().format,
        Format::Proto
    );
    assert_eq!(
        stream("application/yaml").unwrap_err().message,
        "only the following media types are accepted: application/json;stream=watch, \
         application/vnd.kubernetes.protobuf;stream=watch"
    );
}

#[test]
fn content_types() {
    assert_eq!(content_type(""), Ok(Format::Json));
    assert_eq!(content_type("Application/JSON; charset=utf-8"), Ok(Format::Json));
    assert_eq!(content_type("application/vnd.kubernetes.protobuf"), Ok(Format::Proto));
    assert_eq!(
        content_type("text/plain").unwrap_err().message,
        "the body of the request was in an unknown format - accepted media types include: \
         application/json, application/yaml, application/vnd.kubernetes.protobuf"
    );
}

#[test]
fn prettiness() {
    for (query, agent, expected) in [
        (None, "curl/8", true),
        (None, "kubectl/v1.36", false),
        (Some("false"), "curl/8", false),
        (Some("1"), "kubectl/v1.36", true),
        (Some(""), "Mozilla/5.0 (X11)", true),
    ] {
        assert_eq!(is_pretty(query, agent), expected);
    }
}
