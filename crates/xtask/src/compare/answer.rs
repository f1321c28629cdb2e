//! An answer as text, without what differs from run to run.

use super::connection::Answer;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::HeaderMap;
use object::{GroupVersion, Gvk};
use regex::{Captures, Regex};
use schema::builtin;
use std::sync::LazyLock;

/// Headers that say nothing about the API, and those of upstream's priority and fairness, whose
/// flow schemas are kept but not followed here.
const NO_HEADERS: &[&str] = &[
    "date",
    "content-length",
    "transfer-encoding",
    "connection",
    "keep-alive",
    "x-kubernetes-pf-flowschema-uid",
    "x-kubernetes-pf-prioritylevel-uid",
];

/// Headers whose value is drawn; that they are there counts.
const DRAWN_HEADERS: &[&str] = &["audit-id", "etag"];

/// Patterns of what differs, and what stands for it.
static DRAWN: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
    [
        (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "UID"),
        (r"eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+", "TOKEN"),
        (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "TIME"),
        (r#"("?resourceVersion"?: ?"?)\d+"#, "${1}RV"),
        (r#"("?nodePort"?: ?)3\d{4}"#, "${1}PORT"),
        (r#"("?healthCheckNodePort"?: ?)3\d{4}"#, "${1}PORT"),
        // Descriptions of columns are this project's own sentences.
        (
            r#"("name":"[^"]*","type":"[a-z]+","format":"[^"]*","description":")(?:[^"\\]|\\.)*"#,
            "${1}TEXT",
        ),
        (r#"("targetPort":)\d{5}"#, "${1}PORT"),
        (r"10\.32\.0\.\d{1,3}", "SERVICEIP"),
        (r"127\.0\.0\.1:\d+", "HOST:PORT"),
        (r"\b(gen-)[a-z0-9]{5}\b", "${1}DRAWN"),
        (r#""(\d+m)?\d{1,3}s""#, "\"AGE\""),
        (r"(resource version: )\d+", "${1}RV"),
        (r"(current: |requested: )\d+", "${1}RV"),
        (r"\(\d+\)", "(N)"),
        (r#"(ResourceVersion|resourceVersion) in object meta: \d+"#, "${1} in object meta: RV"),
    ]
    .into_iter()
    .map(|(pattern, stand_in)| (Regex::new(pattern).expect("a pattern"), stand_in))
    .collect()
});

static CONTINUE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r#"("?continue"?: ?"?)([A-Za-z0-9_-]{20,})"#).expect("a pattern"));

/// Status, headers and body.
pub(super) fn text(answer: &Answer) -> String {
    let body = match protobuf(&answer.headers) {
        true => messages(&answer.body),
        false => String::from_utf8_lossy(&answer.body).into_owned(),
    };
    format!("{}\n{}{}", answer.status.as_u16(), headers(&answer.headers), scrub(&body))
}

/// A text without what differs from run to run.
pub(super) fn scrub(text: &str) -> String {
    let mut text = CONTINUE
        .replace_all(text, |found: &Captures<'_>| {
            let token = URL_SAFE_NO_PAD.decode(&found[2]).unwrap_or_default();
            let token = String::from_utf8_lossy(&token).into_owned();
            let version = Regex::new(r#""rv":\d+"#).expect("a pattern");
            // Upstream's own pages differ in the slash: some come from its cache, some from etcd.
            let token = token.replace("\"start\":\"/", "\"start\":\"");
            format!("{}{}", &found[1], version.replace(&token, "\"rv\":RV"))
        })
        .into_owned();
    for (pattern, stand_in) in DRAWN.iter() {
        text = pattern.replace_all(&text, *stand_in).into_owned();
    }
    text
}

fn headers(headers: &HeaderMap) -> String {
    let mut lines: Vec<String> = headers
        .iter()
        .filter(|(name, _)| !NO_HEADERS.contains(&name.as_str()))
        .map(|(name, value)| match DRAWN_HEADERS.contains(&name.as_str()) {
            true => format!("{name}: DRAWN\n"),
            false => format!("{name}: {}\n", scrub(&String::from_utf8_lossy(value.as_bytes()))),
        })
        .collect();
    lines.sort();
    lines.concat()
}

fn protobuf(headers: &HeaderMap) -> bool {
    let media = headers.get("content-type").and_then(|value| value.to_str().ok());
    media.is_some_and(|media| media.starts_with("application/vnd.kubernetes.protobuf"))
}

/// A body, or a watch's frames, as JSON; and whether the bytes are those that such a tree has.
pub(super) fn messages(bytes: &[u8]) -> String {
    if codec::envelope::is_envelope(bytes) {
        return message(bytes);
    }
    let mut text = String::new();
    let mut rest = bytes;
    while rest.len() >= 4 {
        let (length, behind) = rest.split_at(4);
        let length = u32::from_be_bytes([length[0], length[1], length[2], length[3]]) as usize;
        let frame = &behind[..length.min(behind.len())];
        // A watch's frame is an event around an envelope, whose length varies with versions.
        let at = frame.windows(4).position(|four| four == b"k8s\0").unwrap_or_default();
        let kinds = ["ADDED", "MODIFIED", "DELETED", "BOOKMARK", "ERROR"];
        let head = String::from_utf8_lossy(&frame[..at]);
        let kind = kinds.iter().find(|kind| head.contains(**kind)).unwrap_or(&"?");
        text.push_str(&format!("frame {kind} {}\n", message(&frame[at..])));
        rest = &behind[frame.len()..];
    }
    text
}

fn message(bytes: &[u8]) -> String {
    let Ok(unknown) = codec::envelope::read(bytes) else {
        return format!("no envelope: {}", bytes.escape_ascii());
    };
    let (version, kind) = (unknown.api_version.to_string(), unknown.kind.to_string());
    let root = GroupVersion::parse(&version)
        .map(|of| Gvk::new(of.group, of.version, kind.clone()))
        .and_then(|gvk| builtin().root(&gvk));
    let Some(root) = root else {
        return format!("{version} {kind}: {}", unknown.raw.escape_ascii());
    };
    let tree = match codec::decode_proto(builtin(), root, unknown.raw) {
        Ok(tree) => tree,
        Err(error) => return format!("{version} {kind}: {error}"),
    };
    let exact = codec::encode_proto(builtin(), root, &tree).is_ok_and(|raw| raw == *unknown.raw);
    format!("{version} {kind} exact={exact} {tree}")
}
