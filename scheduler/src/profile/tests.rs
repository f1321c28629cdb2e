//! What is asked, and in which order, after plugins were switched on and off.

use super::*;
use serde_json::{Value, json};

fn profile(plugins: Value, config: Value) -> Result<Profile, String> {
    let plugins: Plugins = serde_json::from_value(plugins).expect("sets");
    let config: Vec<PluginArgs> = serde_json::from_value(config).expect("entries");
    Profile::new("p", 0, &plugins, &config)
}

fn filters(profile: &Profile) -> Vec<&'static str> {
    profile.rows.iter().filter(|row| row.filters).map(|row| row.plugin.name()).collect()
}

fn weight(profile: &Profile, name: &str) -> i64 {
    let row = profile.rows.iter().find(|row| row.plugin.name() == name);
    row.map_or(0, |row| row.weight)
}

#[test]
fn nothing_chosen_is_the_default() {
    let (own, default) =
        (profile(json!({}), json!([])).expect("sound"), Profile::default_of("p", 0));
    assert_eq!(filters(&own), filters(&default));
    for row in &default.rows {
        assert_eq!(weight(&own, row.plugin.name()), row.weight, "{}", row.plugin.name());
    }
    assert_eq!(own.preemption, Some(Candidates::default()));
}

#[test]
fn plugins_are_switched_at_one_point_or_at_all() {
    let off = |name: &str| json!({"disabled": [{"name": name}]});
    let one = profile(json!({"filter": off("NodePorts")}), json!([])).expect("sound");
    assert!(!filters(&one).contains(&"NodePorts"));

    let all = profile(json!({"multiPoint": off("TaintToleration")}), json!([])).expect("sound");
    assert!(!filters(&all).contains(&"TaintToleration") && weight(&all, "TaintToleration") == 0);

    let score = profile(json!({"score": off("TaintToleration")}), json!([])).expect("sound");
    assert!(filters(&score).contains(&"TaintToleration") && weight(&score, "TaintToleration") == 0);

    let never = profile(json!({"postFilter": off("DefaultPreemption")}), json!([])).expect("sound");
    assert_eq!(never.preemption, None);

    let few = json!({"multiPoint": {"disabled": [{"name": "*"}], "enabled": [
        {"name": "PrioritySort"}, {"name": "DefaultBinder"}, {"name": "NodeName"}]}});
    assert_eq!(filters(&profile(few, json!([])).expect("sound")), ["NodeName"]);
}

#[test]
fn weights_are_chosen_and_those_configured_come_first() {
    let named = |name: &str, weight: i64| json!({"name": name, "weight": weight});
    let both = profile(
        json!({"score": {"enabled": [named("ImageLocality", 7)]},
            "multiPoint": {"enabled": [named("NodeAffinity", 9)]}}),
        json!([]),
    )
    .expect("sound");
    assert_eq!((weight(&both, "ImageLocality"), weight(&both, "NodeAffinity")), (7, 9));
    let first = json!({"filter": {"enabled": [{"name": "VolumeZone"}]}});
    assert_eq!(filters(&profile(first, json!([])).expect("sound"))[0], "VolumeZone");
}

#[test]
fn arguments_are_held_against_their_rules() {
    let with = |name: &str, args: Value| profile(json!({}), json!([{"name": name, "args": args}]));
    let tries = with("DefaultPreemption", json!({"minCandidateNodesPercentage": 5}));
    let expected = Candidates { percent: 5, ..Candidates::default() };
    assert_eq!(tries.expect("sound").preemption, Some(expected));
    let waits = with("VolumeBinding", json!({"bindTimeoutSeconds": 7})).expect("sound");
    assert_eq!(waits.volumes_timeout, Duration::from_secs(7));
    let constraint =
        json!({"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule"});
    let table = [
        (
            "PodTopologySpread",
            json!({"defaultingType": "List", "defaultConstraints": [constraint]}),
            "",
        ),
        (
            "PodTopologySpread",
            json!({"defaultConstraints": [constraint]}),
            "defaultingType: Invalid",
        ),
        (
            "NodeResourcesFit",
            json!({"kind": "NodeAffinityArgs"}),
            "is not \"NodeResourcesFitArgs\"",
        ),
        ("NodeResourcesFit", json!({"scoringStrategy": {"type": "Best"}}), "Unsupported value"),
        (
            "NodeResourcesBalancedAllocation",
            json!({"resources": [{"name": "cpu", "weight": 2}]}),
            "must be 1",
        ),
        ("ImageLocality", json!({}), "takes no arguments"),
    ];
    for (name, args, word) in table {
        let why = with(name, args).err().unwrap_or_default();
        assert!(why.contains(word) && why.is_empty() == word.is_empty(), "{name}: {why}");
    }
}
