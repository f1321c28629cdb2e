//! Whether some rules hold all that others grant.

use crate::authorization::rbac::Rule;

/// What `granted` grants and `held` does not hold, broken down to one verb on one thing each.
pub fn missing(held: &[Rule], granted: &[Rule]) -> Vec<Rule> {
    granted
        .iter()
        .flat_map(broken_down)
        .filter(|part| !held.iter().any(|rule| covers(rule, part)))
        .collect()
}

fn broken_down(rule: &Rule) -> Vec<Rule> {
    let one = |text: &String| vec![text.clone()];
    let mut parts = Vec::new();
    for group in &rule.api_groups {
        for resource in &rule.resources {
            for verb in &rule.verbs {
                let part = Rule {
                    verbs: one(verb),
                    api_groups: one(group),
                    resources: one(resource),
                    ..Rule::default()
                };
                if rule.resource_names.is_empty() {
                    parts.push(part);
                    continue;
                }
                let named = rule.resource_names.iter();
                parts.extend(named.map(|name| Rule { resource_names: one(name), ..part.clone() }));
            }
        }
    }
    for url in &rule.non_resource_urls {
        for verb in &rule.verbs {
            let (verbs, non_resource_urls) = (one(verb), one(url));
            parts.push(Rule { verbs, non_resource_urls, ..Rule::default() });
        }
    }
    parts
}

fn covers(owner: &Rule, part: &Rule) -> bool {
    let verbs = has(&owner.verbs, "*") || all(&owner.verbs, &part.verbs);
    let groups = has(&owner.api_groups, "*") || all(&owner.api_groups, &part.api_groups);
    let resources = part.resources.iter().all(|path| {
        has(&owner.resources, "*")
            || has(&owner.resources, path)
            || path
                .split_once('/')
                .is_some_and(|(_, sub)| has(&owner.resources, &format!("*/{sub}")))
    });
    let urls = part.non_resource_urls.iter().all(|path| {
        owner.non_resource_urls.iter().any(|url| {
            url == path || (url.ends_with('*') && path.starts_with(url.trim_end_matches('*')))
        })
    });
    let names = owner.resource_names.is_empty()
        || (!part.resource_names.is_empty() && all(&owner.resource_names, &part.resource_names));
    verbs && groups && resources && urls && names
}

/// Broken-down rules about the same thing put together again, so that a person can read them.
pub(super) fn compacted(rules: Vec<Rule>) -> Vec<Rule> {
    let mut out: Vec<Rule> = Vec::new();
    for rule in rules {
        let simple = rule.non_resource_urls.is_empty()
            && rule.resource_names.len() <= 1
            && rule.api_groups.len() == 1
            && rule.resources.len() == 1;
        let same = |known: &&mut Rule| {
            known.api_groups == rule.api_groups
                && known.resources == rule.resources
                && known.resource_names == rule.resource_names
                && known.non_resource_urls.is_empty()
        };
        match out.iter_mut().find(same) {
            Some(known) if simple => known.verbs.extend(rule.verbs),
            _ => out.push(rule),
        }
    }
    out
}

fn has(list: &[String], wanted: &str) -> bool {
    list.iter().any(|item| item == wanted)
}

fn all(list: &[String], wanted: &[String]) -> bool {
    wanted.iter().all(|item| has(list, item))
}
