//! Writes every document into a folder, to be compared with those of another server.

use orlop_openapi::{Documents, Form};
use std::path::Path;

fn main() -> std::io::Result<()> {
    let folder = std::env::args().nth(1).unwrap_or_else(|| ".".to_owned());
    let folder = Path::new(&folder);
    let documents = Documents::default();
    let index = documents.index();
    std::fs::write(folder.join("index.json"), &index)?;
    let index: serde_json::Value = serde_json::from_slice(&index)?;
    for path in index["paths"].as_object().into_iter().flatten().map(|(path, _)| path) {
        for (form, ending) in [(Form::Json, "json"), (Form::Protobuf, "pb")] {
            let name = format!("{}.{ending}", path.replace('/', "__"));
            if let Some(document) = documents.v3(path, form) {
                std::fs::write(folder.join(name), document.plain())?;
            }
        }
    }
    std::fs::write(folder.join("v2.json"), documents.v2(Form::Json).plain())?;
    std::fs::write(folder.join("v2.pb"), documents.v2(Form::Protobuf).plain())
}
