//! The refusal that tells an applier whose fields it would change.
//!
//! Mirrors `managedfields/internal/conflict.go`.

use super::updater::Conflict;
use object::{ApiError, Cause};
use std::collections::BTreeMap;

/// 409, with one cause for each manager and field.
pub(super) fn refusal(conflicts: &[Conflict]) -> ApiError {
    let causes = conflicts
        .iter()
        .map(|conflict| Cause {
            reason: "FieldManagerConflict".to_owned(),
            message: format!("conflict with {}", conflict.owner.spoken()),
            field: conflict.path.to_string(),
        })
        .collect();
    ApiError::apply_conflict(causes, message(conflicts))
}

fn message(conflicts: &[Conflict]) -> String {
    if let [one] = conflicts {
        let (owner, path) = (one.owner.spoken(), &one.path);
        return format!("Apply failed with 1 conflict: conflict with {owner}: {path}");
    }
    let mut by_owner: BTreeMap<String, (String, Vec<String>)> = BTreeMap::new();
    for conflict in conflicts {
        let entry = by_owner.entry(conflict.owner.identifier()).or_default();
        entry.0 = conflict.owner.spoken();
        entry.1.push(conflict.path.to_string());
    }
    let lines: Vec<String> = by_owner
        .into_values()
        .flat_map(|(owner, paths)| {
            let head = format!("conflicts with {owner}:");
            std::iter::once(head).chain(paths.into_iter().map(|path| format!("- {path}")))
        })
        .collect();
    format!("Apply failed with {} conflicts: {}", conflicts.len(), lines.join("\n"))
}
