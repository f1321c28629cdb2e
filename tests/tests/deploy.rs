//! What lies in `deploy`: systemd takes the units, the Debian packages hold, start and leave what
//! they should, and the guide says what is true.
//!
//! What a machine lacks (systemd-analyze, cargo-deb, namespaces) is said, and not tried there.

use anyhow::{Context, Result, bail, ensure};
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Output};
use testkit::cases::{self, Case};
use testkit::{ours, repository};

const THREE: &[&str] = &["kube-apiserver", "kube-controller-manager", "kube-scheduler"];
/// How a script says that it can't be tried here.
const NOT_HERE: i32 = 77;

fn main() -> ExitCode {
    let cases: &[Case<()>] = &[
        ("systemd_takes_every_unit_file", |()| units()),
        ("packages_start_programs_with_the_flags_of_the_unit_files", |()| flags()),
        ("packages_hold_what_they_should", |()| contents()),
        ("packages_start_and_leave_nothing_behind", |()| lives()),
        ("the_guide_is_true", |()| guide("1.36")),
        ("the_guide_is_true_with_the_unit_files_of_2020", |()| guide("1.18")),
        ("files_that_the_guide_names_are_there", |()| names()),
    ];
    cases::run(|| Ok(()), cases)
}

/// The sets of unit files that lie together on a machine, by where their programs are.
fn units() -> Result<()> {
    if !found("systemd-analyze") {
        return skipped("systemd-analyze is not here");
    }
    let systemd = repository().join("deploy/systemd");
    let sets = [
        vec![systemd.clone(), systemd.join("1.18")],
        vec![systemd.clone(), systemd.join("1.36")],
        vec![repository().join("deploy/debian")],
    ];
    for set in &sets {
        let root = tempfile::tempdir()?;
        let folder = root.path().join("etc/systemd/system");
        fs::create_dir_all(&folder)?;
        let mut names = vec![];
        for file in set.iter().map(|folder| services(folder)).collect::<Result<Vec<_>>>()?.concat()
        {
            let name = file.file_name().context("a unit has a name")?.to_owned();
            let text = fs::read_to_string(&file)?;
            fs::write(folder.join(&name), &text)?;
            programs_of(&text).try_for_each(|program| stub(root.path(), program))?;
            names.push(name);
        }
        ensure!(names.len() >= 4, "{names:?} are not all");
        copy_folder(
            Path::new("/lib/systemd/system"),
            &root.path().join("lib/systemd/system"),
            &names,
        )?;
        let mut verify = Command::new("systemd-analyze");
        verify.args(["verify", "--man=no", "--root"]).arg(root.path()).args(&names);
        let output = verify.output()?;
        // Of what it does not know it only warns.
        ensure!(output.status.success() && output.stderr.is_empty(), "{}", said(&output));
    }
    Ok(())
}

/// The unit files of a folder, without those below it.
fn services(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder)?.collect::<Result<Vec<_>, _>>()?;
    let mut files: Vec<PathBuf> = entries.into_iter().map(|entry| entry.path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "service"));
    files.sort();
    Ok(files)
}

/// The programs of `ExecStart=` and its like.
fn programs_of(unit: &str) -> impl Iterator<Item = &str> {
    let commands = unit.lines().filter(|line| line.starts_with("Exec"));
    commands.filter_map(|line| {
        line.split_once('=')?.1.trim_start_matches('-').split_whitespace().next()
    })
}

/// A program that is there, and no more.
fn stub(root: &Path, program: &str) -> Result<()> {
    let file = root.join(program.trim_start_matches('/'));
    fs::create_dir_all(file.parent().context("a program lies in a folder")?)?;
    fs::write(&file, "#!/bin/sh\n")?;
    fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).map_err(Into::into)
}

/// systemd's own units, but those of these names.
fn copy_folder(from: &Path, to: &Path, but: &[std::ffi::OsString]) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        if entry.path().is_file() && !but.contains(&entry.file_name()) {
            fs::copy(entry.path(), to.join(entry.file_name()))?;
        }
    }
    Ok(())
}

fn flags() -> Result<()> {
    for program in THREE {
        let deploy = repository().join("deploy");
        let unit = fs::read_to_string(deploy.join(format!("systemd/1.36/{program}.service")))?;
        let packaged = fs::read_to_string(deploy.join(format!("debian/{program}.default")))?;
        let (unit, packaged) = (words(&unit), words(&packaged));
        ensure!(unit == packaged && !unit.is_empty(), "{program}: {unit:?}\nbut {packaged:?}");
    }
    Ok(())
}

/// The flags in a unit file, or in a file of its environment.
fn words(text: &str) -> BTreeSet<String> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let text = lines.collect::<Vec<_>>().join("\n").replace("${INTERNAL_IP}", "10.240.0.10");
    let words = text.split(|c: char| c.is_whitespace() || c == '\\' || c == '"');
    let words = words.filter(|word| word.starts_with("--"));
    words.map(str::to_owned).collect()
}

fn contents() -> Result<()> {
    if !found("cargo-deb") || !found("dpkg-deb") {
        return skipped("cargo-deb is not here: cargo install cargo-deb");
    }
    let folder = tempfile::tempdir()?;
    // What is in a program makes no difference to its package.
    let any = PathBuf::from("/bin/true");
    let packages = build(folder.path(), |_| Ok(any.clone()))?;
    for name in [THREE, &["orlop"]].concat() {
        let file = packages.join(package_file(&packages, name)?);
        let listed = tell(Command::new("dpkg-deb").arg("-c").arg(&file))?;
        let mut expected = vec![
            format!("-rwxr-xr-x ./usr/bin/{name}"),
            format!("-rw-r--r-- ./usr/lib/systemd/system/{name}.service"),
            format!("-rw-r--r-- ./etc/default/{name}"),
            format!("-rw-r--r-- ./usr/share/doc/{name}/copyright"),
        ];
        let mut configured = vec![format!("/etc/default/{name}")];
        if name == "kube-scheduler" {
            expected.push("-rw-r--r-- ./etc/kubernetes/config/kube-scheduler.yaml".to_owned());
            configured.push("/etc/kubernetes/config/kube-scheduler.yaml".to_owned());
        }
        let rows: Vec<String> = listed.lines().filter_map(mode_and_path).collect();
        for row in &expected {
            ensure!(rows.contains(row), "{name} lacks {row}:\n{listed}");
        }
        let below = |row: &String| {
            let path = row.split_once(" .").map_or("", |(_, path)| path);
            ["/usr/", "/etc/"].iter().any(|top| path.starts_with(top))
        };
        ensure!(rows.iter().filter(|row| row.starts_with('-')).all(below), "{listed}");

        let control = folder.path().join(name);
        tell(Command::new("dpkg-deb").arg("-e").arg(&file).arg(&control))?;
        let kept: BTreeSet<String> =
            fs::read_to_string(control.join("conffiles"))?.lines().map(str::to_owned).collect();
        ensure!(kept == configured.into_iter().collect(), "{name}: {kept:?}");
        for script in ["postinst", "prerm", "postrm"] {
            let text = fs::read_to_string(control.join(script))?;
            tell(Command::new("sh").arg("-n").arg(control.join(script)))?;
            ensure!(text.starts_with("#!/bin/sh") && !text.contains("#DEBHELPER#"), "{script}");
            // Who has not asked for it gets no service.
            ensure!(!text.contains("deb-systemd-invoke start"), "{name}: {script} starts it");
        }
    }
    Ok(())
}

/// The mode and the path in a line of `dpkg-deb -c`.
fn mode_and_path(line: &str) -> Option<String> {
    let mut words = line.split_whitespace();
    let mode = words.next()?;
    Some(format!("{mode} {}", words.last()?))
}

fn package_file(folder: &Path, name: &str) -> Result<String> {
    let names =
        fs::read_dir(folder)?.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let mut found = names.filter(|file| file.starts_with(&format!("{name}_")));
    found.next().with_context(|| format!("there is no package {name}"))
}

/// Builds the packages from programs that are there, and says where they lie.
fn build(folder: &Path, program: impl Fn(&str) -> Result<PathBuf>) -> Result<PathBuf> {
    let release = folder.join("target/release");
    fs::create_dir_all(&release)?;
    for name in [THREE, &["orlop"]].concat() {
        fs::copy(program(name)?, release.join(name))?;
    }
    let packages = folder.join("packages");
    let mut build = Command::new(repository().join("deploy/debian/build"));
    build.args(["--no-build", "--fast"]).arg(&packages);
    tell(build.env("CARGO_TARGET_DIR", folder.join("target")))?;
    Ok(packages)
}

fn lives() -> Result<()> {
    if !found("cargo-deb") {
        return skipped("cargo-deb is not here: cargo install cargo-deb");
    }
    let folder = tempfile::tempdir()?;
    let packages = build(folder.path(), ours)?;
    script(Command::new(repository().join("tests/deploy/packages")).arg(packages))
}

fn guide(generation: &str) -> Result<()> {
    let folder = ours("orlop")?.parent().context("a program lies in a folder")?.to_owned();
    let mut guide = Command::new(repository().join("tests/deploy/guide"));
    script(guide.env("ORLOP_BIN", folder).env("GENERATION", generation))
}

/// Runs a script that ends with a total, or with the reason why it can't be tried.
fn script(command: &mut Command) -> Result<()> {
    let output = command.output().with_context(|| format!("{command:?}"))?;
    let text = said(&output);
    match output.status.code() {
        Some(0) => Ok(()),
        Some(NOT_HERE) => skipped(text.trim()),
        _ => bail!("{text}"),
    }
}

/// Paths in the guide's commands and tables.
fn names() -> Result<()> {
    let text = fs::read_to_string(repository().join("docs/THE_HARD_WAY.md"))?;
    let words = text.split(|c: char| c.is_whitespace() || "`()\",;".contains(c));
    let mut seen = 0;
    for word in words.filter(|word| word.starts_with("deploy/") || word.starts_with("tests/")) {
        let path = word.trim_end_matches(['.', ':', '*']).trim_end_matches("kube-");
        ensure!(repository().join(path).exists(), "the guide names {word}, which is not there");
        seen += 1;
    }
    ensure!(seen >= 10, "{seen} paths are not all of them");
    Ok(())
}

fn found(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

fn skipped(why: &str) -> Result<()> {
    println!("not tried: {why}");
    Ok(())
}

/// What a command prints; an error where it fails.
fn tell(command: &mut Command) -> Result<String> {
    let output = command.output().with_context(|| format!("{command:?}"))?;
    ensure!(output.status.success(), "{command:?}: {}", said(&output));
    Ok(String::from_utf8(output.stdout)?)
}

fn said(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    text(&output.stdout) + &text(&output.stderr)
}
