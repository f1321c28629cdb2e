//! Command lines and what upstream's binaries say about them.

use super::*;
use std::time::Duration;

const TABLE: [Flag; 10] = [
    Flag::new("secure-port", Kind::Int, "The port.").or("6443"),
    Flag::new("profiling", Kind::Bool, "Profiling.").or("true"),
    Flag::new("etcd-servers", Kind::List, "Servers."),
    Flag::new("tls-sni-cert-key", Kind::Repeated, "Pairs."),
    Flag::new("goaway-chance", Kind::Float, "A chance."),
    Flag::new("request-timeout", Kind::Duration, "Time.").or("1m0s"),
    Flag::new("feature-gates", Kind::Switches, "Gates."),
    Flag::new("runtime-config", Kind::Settings, "Versions."),
    Flag::new("v", Kind::Int, "Verbosity.").short('v'),
    Flag::new("old", Kind::Text, "Old.").deprecated("use --new instead."),
];

fn refused(arguments: &[&str]) -> String {
    parse(&TABLE, arguments.iter().copied()).expect_err("must be refused").to_string()
}

#[test]
fn values_are_taken_in_every_form() {
    let given = [
        "--secure-port=1",
        "--profiling=false",
        "--etcd_servers",
        "a,b",
        "--etcd-servers=\"c,d\"",
        "--tls-sni-cert-key=x,y:z",
        "--tls-sni-cert-key=u,v",
        "--request-timeout",
        "1.5s",
        "--feature-gates=A=true,B=false",
        "--feature-gates=A=false",
        "--runtime-config=api/all=false,api/v1",
        "-v=3",
        "-v4",
        "word",
        "--",
        "--not-a-flag",
    ];
    let parsed = parse(&TABLE, given).expect("all is well");
    assert_eq!(parsed.int("secure-port"), 1);
    assert!(!parsed.bool("profiling"));
    assert_eq!(parsed.list("etcd-servers"), ["a", "b", "c,d"]);
    assert_eq!(parsed.list("tls-sni-cert-key"), ["x,y:z", "u,v"]);
    assert_eq!(parsed.duration("request-timeout"), Duration::from_millis(1500));
    let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    assert_eq!(parsed.pairs("feature-gates"), [pair("B", "false"), pair("A", "false")]);
    assert_eq!(parsed.pairs("runtime-config"), [pair("api/all", "false"), pair("api/v1", "")]);
    assert_eq!(parsed.int("v"), 4);
    assert_eq!(parsed.words(), ["word", "--not-a-flag"]);
    assert!(parsed.was_given("profiling") && !parsed.was_given("old"));
}

#[test]
fn defaults_stand_and_a_bool_takes_no_word() {
    let parsed = parse(&TABLE, ["--profiling", "false"]).expect("all is well");
    assert!(parsed.bool("profiling"));
    assert_eq!(parsed.words(), ["false"]);
    assert_eq!(parsed.int("secure-port"), 6443);
    assert_eq!(parsed.duration("request-timeout"), Duration::from_secs(60));
}

#[test]
fn a_deprecated_flag_warns_once() {
    let parsed = parse(&TABLE, ["--old=1", "--old=2"]).expect("all is well");
    assert_eq!(parsed.warnings(), ["Flag --old has been deprecated, use --new instead."]);
    assert_eq!(parsed.text("old"), "2");
}

#[test]
fn refusals_are_upstreams() {
    let table: [(&[&str], &str); 11] = [
        (&["--nope=1"], "unknown flag: --nope"),
        (&["-x"], "unknown shorthand flag: 'x' in -x"),
        (&["--etcd-servers"], "flag needs an argument: --etcd-servers"),
        (&["-v"], "flag needs an argument: 'v' in -v"),
        (&["---x"], "bad flag syntax: ---x"),
        (
            &["--secure-port=x"],
            "invalid argument \"x\" for \"--secure-port\" flag: strconv.ParseInt: parsing \"x\": \
             invalid syntax",
        ),
        (
            &["--goaway-chance", "--profiling=maybe"],
            "invalid argument \"--profiling=maybe\" for \"--goaway-chance\" flag: \
             strconv.ParseFloat: parsing \"--profiling=maybe\": invalid syntax",
        ),
        (
            &["--profiling=maybe"],
            "invalid argument \"maybe\" for \"--profiling\" flag: strconv.ParseBool: parsing \
             \"maybe\": invalid syntax",
        ),
        (
            &["--request-timeout=5"],
            "invalid argument \"5\" for \"--request-timeout\" flag: time: missing unit in \
             duration \"5\"",
        ),
        (
            &["-v=x"],
            "invalid argument \"x\" for \"-v, --v\" flag: strconv.ParseInt: parsing \"x\": \
             invalid syntax",
        ),
        (&["--help"], "help requested"),
    ];
    for (arguments, why) in table {
        assert_eq!(refused(arguments), why);
    }
}

#[test]
fn help_names_each_flag_but_the_deprecated() {
    let text = help(&TABLE);
    assert!(text.contains("--request-timeout duration\n                Time. (default 1m0s)\n"));
    assert!(text.contains("  -v, --v int\n"));
    assert!(!text.contains("--old"));
}
