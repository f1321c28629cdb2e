//! `CertificateSigningRequest` of `certificates.k8s.io/v1`: its row, columns and rules.

mod pem;
mod strategy;

use crate::{Cell, Column, Kind, Row, Storage, TableRules, Verb, column, subresource};
use object::Value;

pub(crate) static KIND: Kind = Kind {
    group: "certificates.k8s.io",
    kind: "CertificateSigningRequest",
    plural: "certificatesigningrequests",
    singular: "certificatesigningrequest",
    short_names: &["csr"],
    categories: &[],
    namespaced: false,
    versions: &["v1"],
    verbs: Verb::ALL,
    subresources: &[
        subresource::part("approval", subresource::PART_VERBS, &["status.conditions"]),
        subresource::STATUS,
    ],
    storage: Some(Storage::protobuf("certificatesigningrequests", "certificates.k8s.io/v1")),
    selectable_fields: &["spec.signerName"],
    columns: COLUMNS,
    cells,
    table: TableRules::PLAIN,
    has_generation: false,
    strategy: &strategy::Strategy,
};

const COLUMNS: &[Column] = &[
    column::NAME,
    column::AGE,
    column::text("SignerName", "Who shall sign."),
    column::text("Requestor", "Who asks."),
    column::text("RequestedDuration", "How long the certificate shall be valid."),
    column::text("Condition", "How far it is."),
];

fn cells(row: &Row<'_>) -> Vec<Cell> {
    let spec = &row.object["spec"];
    let duration = spec["expirationSeconds"].as_i64().map_or("<none>".to_owned(), column::human);
    vec![
        column::name(row),
        column::age(row),
        column::or(column::text_of(&spec["signerName"]), "<none>").into(),
        column::text_of(&spec["username"]).into(),
        duration.into(),
        status(row.object).into(),
    ]
}

fn status(request: &Value) -> String {
    let has = |kind: &str| column::condition(request, kind).is_some();
    let mut status = match (has("Denied"), has("Approved")) {
        (true, _) => "Denied",
        (false, true) => "Approved",
        (false, false) => "Pending",
    }
    .to_owned();
    if has("Failed") {
        status.push_str(",Failed");
    }
    if !column::text_of(&request["status"]["certificate"]).is_empty() {
        status.push_str(",Issued");
    }
    status
}
