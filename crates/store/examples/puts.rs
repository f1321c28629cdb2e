//! Prints how many durable puts a second the embedded store does for 1, 16 and 128 writers at
//! once, and how long it takes to open: `cargo run --release -p orlop-store --example puts`.

use orlop_store::{Change, Embedded, Expect, Outcome, Store};
use runtime::clock;
use std::sync::Arc;

const PUTS: usize = 20_000;
const VALUE_BYTES: usize = 1500;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let directory = tempfile::tempdir_in(".")?;
    for writers in [1, 16, 128] {
        let started = clock::monotonic();
        let store = Arc::new(Embedded::open(directory.path(), "/registry")?);
        println!("opened in {:?} at revision {}", started.elapsed(), store.revision().await?);
        let puts = if writers == 1 { PUTS / 10 } else { PUTS };
        let started = clock::monotonic();
        let tasks: Vec<_> = (0..writers)
            .map(|writer| runtime::spawn("writer", write(store.clone(), writer, puts / writers)))
            .collect();
        for task in tasks {
            task.await?;
        }
        let seconds = started.elapsed().as_secs_f64();
        println!("{writers:4} writers: {:8.0} puts/s", (puts as f64) / seconds);
        let started = clock::monotonic();
        if let Some(store) = Arc::into_inner(store) {
            store.close().await;
        }
        println!("closed in {:?}", started.elapsed());
    }
    Ok(())
}

async fn write(store: Arc<Embedded>, writer: usize, puts: usize) {
    for n in 0..puts {
        let key = format!("/registry/pods/{writer}/{n}-{puts}");
        let change = Change::Put { value: vec![b'x'; VALUE_BYTES].into(), ttl: None };
        let outcome = store.commit(&key, Expect::Absent, change).await;
        assert!(matches!(outcome, Ok(Outcome::Done(_))), "{outcome:?}");
    }
}
