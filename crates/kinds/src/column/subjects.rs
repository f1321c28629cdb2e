//! Who a role is bound to: the columns and cells that both kinds of bindings have.

use super::{AGE, Cell, Column, NAME, Row, age, items, name, text, text_of, wide};

pub(crate) const BINDING: &[Column] = &[
    NAME,
    text("Role", "The role that is bound; it never changes."),
    AGE,
    wide("Users", "The users who get it."),
    wide("Groups", "The groups that get it."),
    wide("ServiceAccounts", "The service accounts that get it, with their namespaces."),
];

/// The cells of [`BINDING`].
pub(crate) fn binding(row: &Row<'_>) -> Vec<Cell> {
    let role = &row.object["roleRef"];
    let of = |kind: &str| {
        let subjects =
            items(&row.object["subjects"]).filter(|subject| subject["kind"] == kind).map(|who| {
                let name = text_of(&who["name"]);
                match kind {
                    "ServiceAccount" => format!("{}/{name}", text_of(&who["namespace"])),
                    _ => name.to_owned(),
                }
            });
        subjects.collect::<Vec<_>>().join(", ").into()
    };
    let role = format!("{}/{}", text_of(&role["kind"]), text_of(&role["name"]));
    let (users, groups, accounts) = (of("User"), of("Group"), of("ServiceAccount"));
    vec![name(row), role.into(), age(row), users, groups, accounts]
}
