//! The unit files of `deploy/systemd`, read as systemd reads them: what is tested is what is
//! deployed.

use crate::programs::repository;
use anyhow::{Context, Result};

/// Of which time a set of unit files and configurations is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Generation {
    /// Kubernetes 1.18, with flags and configurations that are long gone.
    Of2020,
    /// Today's.
    Today,
}

impl Generation {
    /// The text of a file of this generation.
    pub(crate) fn read(self, file: &str) -> Result<String> {
        let folder = match self {
            Self::Of2020 => "1.18",
            Self::Today => "1.36",
        };
        let path = repository().join("deploy/systemd").join(folder).join(file);
        std::fs::read_to_string(&path).with_context(|| path.display().to_string())
    }

    /// The flags that the unit file of a program gives it.
    pub(crate) fn flags(self, program: &str) -> Result<Vec<String>> {
        let text = self.read(&format!("{program}.service"))?;
        Ok(words(&text))
    }
}

/// The words of `ExecStart=`, without the program's.
fn words(unit: &str) -> Vec<String> {
    let joined = unit.replace("\\\n", " ");
    let line = joined.lines().find_map(|line| line.strip_prefix("ExecStart=")).unwrap_or_default();
    line.split_whitespace().skip(1).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn lines_are_joined() {
        let unit = "[Service]\nExecStart=/usr/bin/a \\\n  --b=c \\\n  --d\nRestart=no\n";
        assert_eq!(super::words(unit), ["--b=c", "--d"]);
    }
}
