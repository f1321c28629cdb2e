//! The table that is printed: CPU of the server for one operation, operations in a second, ratios.

use std::time::Duration;

/// What one server took for one row.
#[derive(Clone, Copy, Debug)]
pub(super) struct Figures {
    pub(super) operations: u64,
    pub(super) cpu: Duration,
    pub(super) elapsed: Duration,
}

#[derive(Default)]
pub(super) struct Report {
    notes: Vec<String>,
    rows: Vec<(String, Vec<Figures>)>,
}

impl Figures {
    fn cpu_micros(&self) -> f64 {
        self.cpu.as_secs_f64() * 1e6 / self.operations.max(1) as f64
    }

    fn per_second(&self) -> f64 {
        self.operations as f64 / self.elapsed.as_secs_f64()
    }
}

impl Report {
    /// Adds a sentence, which is printed at once too, since a run takes long.
    pub(super) fn note(&mut self, text: String) {
        eprintln!("{text}");
        self.notes.push(text);
    }

    /// Adds a row: ours, then upstream's where it is measured.
    pub(super) fn row(&mut self, name: &str, figures: Vec<Figures>) {
        eprintln!("{}", line(name, &figures));
        self.rows.push((name.to_owned(), figures));
    }

    pub(super) fn print(&self) {
        println!(
            "| what | ours, CPU us | ours, 1/s | upstream, CPU us | upstream, 1/s | CPU, upstream / ours |"
        );
        println!("|---|---|---|---|---|---|");
        for (name, figures) in &self.rows {
            println!("{}", line(name, figures));
        }
        for note in &self.notes {
            println!("{note}");
        }
    }
}

fn line(name: &str, figures: &[Figures]) -> String {
    let cells: Vec<String> =
        figures.iter().map(|f| format!("{:.1} | {:.0}", f.cpu_micros(), f.per_second())).collect();
    let ratio = match figures {
        [ours, upstream] => format!(" | {:.1}x", upstream.cpu_micros() / ours.cpu_micros()),
        _ => String::new(),
    };
    format!("| {name} | {}{ratio} |", cells.join(" | "))
}
