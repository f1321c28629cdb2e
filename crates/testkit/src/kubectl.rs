//! kubectl, as a person types it.

use crate::programs::upstream;
use anyhow::{Context, Result, bail};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A kubectl and whom it speaks for.
#[derive(Debug)]
pub struct Kubectl {
    program: PathBuf,
    kubeconfig: PathBuf,
    home: PathBuf,
}

/// What it said.
#[derive(Debug)]
pub struct Said {
    /// Whether it ended well.
    pub ok: bool,
    /// Its answer.
    pub out: String,
    /// Its errors and warnings.
    pub err: String,
}

impl Kubectl {
    /// `kubectl` of v1.36.3, or `kubectl-1.20`; its cache lies below `home`.
    pub(crate) fn new(program: &str, kubeconfig: &Path, home: &Path) -> Result<Self> {
        // Each has a cache of its own, as on machines of their own.
        let home = home.join(format!("home-of-{program}"));
        std::fs::create_dir_all(&home)?;
        Ok(Self { program: upstream(program)?, kubeconfig: kubeconfig.to_owned(), home })
    }

    /// A command to be run with what it reads: the words are separated by spaces.
    ///
    /// # Errors
    /// Where it does not start.
    pub fn tell(&self, words: &str, input: &str) -> Result<Said> {
        self.tell_words(&words.split_whitespace().collect::<Vec<_>>(), input)
    }

    /// The same, where words hold spaces.
    ///
    /// # Errors
    /// Where it does not start.
    pub fn tell_words(&self, words: &[&str], input: &str) -> Result<Said> {
        let mut child = self
            .command()
            .args(words)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| self.program.display().to_string())?;
        let mut pipe = child.stdin.take().context("a pipe to kubectl")?;
        // It may end without reading.
        let _ = pipe.write_all(input.as_bytes());
        drop(pipe);
        let output = child.wait_with_output()?;
        Ok(Said {
            ok: output.status.success(),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        })
    }

    /// What it answers.
    ///
    /// # Errors
    /// Where it ends badly, with what it said.
    pub fn run(&self, words: &str) -> Result<String> {
        self.good(words, self.tell(words, "")?)
    }

    /// What it answers to a manifest on its input.
    ///
    /// # Errors
    /// Those of [`Self::run`].
    pub fn feed(&self, words: &str, input: &str) -> Result<String> {
        self.good(words, self.tell(words, input)?)
    }

    /// The answer as JSON.
    ///
    /// # Errors
    /// Those of [`Self::run`], and where it is none.
    pub fn json(&self, words: &str) -> Result<serde_json::Value> {
        Ok(serde_json::from_str(&self.run(&format!("{words} -o json"))?)?)
    }

    /// The bare command, for what runs beside the test.
    pub fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.env("HOME", &self.home).env("KUBECONFIG", &self.kubeconfig);
        command
    }

    fn good(&self, words: &str, said: Said) -> Result<String> {
        if !said.ok {
            bail!("kubectl {words}: {}{}", said.out, said.err);
        }
        Ok(said.out)
    }
}
