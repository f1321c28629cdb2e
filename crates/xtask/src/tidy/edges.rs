//! Which crate may name which: the architecture as a table. A new edge is a line here, which a
//! reviewer sees.

use super::{Offence, Tree};
use serde_json::Value;

/// A crate, and those of the house that it may name outside tests. Lowest floor first.
const EDGES: &[(&str, &[&str])] = &[
    ("object", &[]),
    ("schema", &["object"]),
    ("codec", &["object", "schema"]),
    ("patch", &["object", "schema"]),
    ("kinds", &["object", "schema"]),
    ("openapi", &["kinds", "object", "schema"]),
    ("runtime", &[]),
    ("store", &["runtime"]),
    ("cache", &["codec", "kinds", "object", "runtime", "schema", "store"]),
    ("auth", &["object", "runtime"]),
    ("admission", &["auth", "kinds", "object", "runtime"]),
    (
        "registry",
        &["admission", "auth", "cache", "kinds", "object", "patch", "runtime", "schema", "store"],
    ),
    ("client", &["runtime"]),
    ("control", &["client", "object", "runtime"]),
    ("hollow", &["client", "runtime"]),
    (
        "kube-apiserver",
        &[
            "admission",
            "auth",
            "cache",
            "codec",
            "kinds",
            "object",
            "openapi",
            "patch",
            "registry",
            "runtime",
            "schema",
            "store",
        ],
    ),
    ("kube-controller-manager", &["auth", "client", "control", "object", "runtime"]),
    ("kube-scheduler", &["client", "control", "object", "runtime"]),
    (
        "orlop",
        &[
            "api-server",
            "auth",
            "client",
            "controller-manager",
            "hollow",
            "runtime",
            "scheduler",
            "store",
        ],
    ),
    ("testkit", &[]),
    ("tests", &["testkit"]),
    ("xtask", &["codec", "kinds", "object", "runtime", "schema"]),
];

/// Crates that do no IO and wait for nothing.
const PURE: &[&str] = &["object", "schema", "codec", "patch", "kinds", "openapi"];
const IO: &[&str] = &[
    "tokio",
    "tokio-util",
    "tokio-stream",
    "futures",
    "async-trait",
    "hyper",
    "hyper-util",
    "axum",
    "tower",
    "http",
    "kube",
    "tonic",
    "rustls",
    "fjall",
    "reqwest",
];

/// Crates that know no HTTP.
const NO_HTTP: &[&str] = &["registry", "cache", "admission"];
const HTTP: &[&str] =
    &["http", "http-body", "http-body-util", "hyper", "hyper-util", "axum", "tower"];

pub(super) fn check(tree: &Tree) -> Vec<Offence> {
    let packages = tree.metadata["packages"].as_array().map_or(&[][..], Vec::as_slice);
    let members = tree.metadata["workspace_members"].as_array().map_or(&[][..], Vec::as_slice);
    let ours = packages.iter().filter(|package| members.contains(&package["id"]));
    ours.flat_map(offences).collect()
}

fn offences(package: &Value) -> Vec<Offence> {
    let full = package["name"].as_str().unwrap_or_default();
    let name = full.strip_prefix("orlop-").unwrap_or(full);
    let path = format!("the manifest of {full}");
    let Some((_, allowed)) = EDGES.iter().find(|(known, _)| *known == name) else {
        return vec![Offence::file(&path, "give it a line in the table of edges")];
    };
    let mut found = vec![];
    let named = package["dependencies"].as_array().map_or(&[][..], Vec::as_slice);
    for dependency in named.iter().filter(|dependency| dependency["kind"] != "dev") {
        let other = dependency["rename"].as_str().or(dependency["name"].as_str());
        let other = other.unwrap_or_default();
        let internal = dependency["path"].is_string();
        if internal && !allowed.contains(&other) {
            found.push(Offence::file(&path, format!("may not name `{other}` of the house")));
        }
        if !internal && PURE.contains(&name) && IO.contains(&other) {
            found.push(Offence::file(&path, format!("does no IO, so it may not name `{other}`")));
        }
        if !internal && NO_HTTP.contains(&name) && HTTP.contains(&other) {
            found
                .push(Offence::file(&path, format!("knows no HTTP, so it may not name `{other}`")));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::Tree;
    use serde_json::json;

    #[test]
    fn edges() {
        let rows = [
            (
                "kube-scheduler",
                json!({"name": "orlop-store", "rename": "store", "path": "x"}),
                true,
            ),
            (
                "kube-scheduler",
                json!({"name": "orlop-client", "rename": "client", "path": "x"}),
                false,
            ),
            ("orlop-kinds", json!({"name": "tokio"}), true),
            ("orlop-kinds", json!({"name": "tokio", "kind": "dev"}), false),
            ("orlop-registry", json!({"name": "axum"}), true),
            ("orlop-store", json!({"name": "http"}), false),
            ("orlop-unknown", json!({"name": "serde"}), true),
        ];
        for (name, dependency, expected) in rows {
            let mut tree = Tree::of(&[]);
            tree.metadata = json!({"workspace_members": [1],
                "packages": [{"id": 1, "name": name, "dependencies": [dependency]}]});
            assert_eq!(!super::check(&tree).is_empty(), expected, "{name}: {dependency}");
        }
    }
}
