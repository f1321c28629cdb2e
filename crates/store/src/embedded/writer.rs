//! The one thread that writes: groups what has queued up, and acknowledges after the sync.

use super::disk::Disk;
use crate::engine::{self, Engine, Request};
use crate::{Change, Outcome, Revision, StoreError, expiry, limits};
use tokio::sync::{mpsc, oneshot};

type Answer<T> = oneshot::Sender<Result<T, StoreError>>;

/// What the writer is asked for.
#[derive(Debug)]
pub(super) enum Command {
    Write(Request, Answer<Outcome>),
    Compact(Revision, Answer<()>),
}

/// Writes until every sender is gone. After the disk has failed once nothing more is written:
/// what a failed sync left behind can't be known.
pub(super) fn run(mut disk: Disk, engine: &Engine, mut queue: mpsc::Receiver<Command>) {
    let mut failed: Option<StoreError> = None;
    while let Some(first) = queue.blocking_recv() {
        let (group, compaction) = gather(first, &mut queue);
        if let Some(error) = &failed {
            refuse(group, compaction, error);
            continue;
        }
        if let Err(error) = write(&mut disk, engine, group) {
            failed = Some(error);
        }
        if let Some((revision, answer)) = compaction {
            let result = match &failed {
                Some(error) => Err(error.clone()),
                None => compact(&mut disk, engine, revision, &mut failed),
            };
            // Whoever asked may have gone away.
            let _ = answer.send(result);
        }
        forget_overgrown(&mut disk, engine, &mut failed);
        if let Some(error) = &failed {
            tracing::error!(%error, "the embedded store takes no more writes");
        }
    }
}

/// Removes a group of expired values, and waits for it.
pub(super) async fn remove(queue: mpsc::WeakSender<Command>, requests: Vec<Request>) {
    let Some(queue) = queue.upgrade() else { return };
    let mut answers = Vec::with_capacity(requests.len());
    for request in requests {
        let (answer, answered) = oneshot::channel();
        if queue.send(Command::Write(request, answer)).await.is_err() {
            return;
        }
        answers.push(answered);
    }
    for answered in answers {
        // A conflict means that the value was put again; a failure is logged by the writer.
        let _ = answered.await;
    }
}

type Group = Vec<(Request, Answer<Outcome>)>;

/// Takes what is queued, up to a compaction or the limits of a group.
fn gather(
    first: Command,
    queue: &mut mpsc::Receiver<Command>,
) -> (Group, Option<(Revision, Answer<()>)>) {
    let mut group = Vec::new();
    let mut bytes = 0;
    let mut command = Some(first);
    while let Some(next) = command.take() {
        match next {
            Command::Compact(revision, answer) => return (group, Some((revision, answer))),
            Command::Write(request, answer) => {
                if let Change::Put { value, .. } = &request.change {
                    bytes += value.len();
                }
                group.push((request, answer));
            }
        }
        if group.len() < limits::GROUP_WRITES && bytes < limits::GROUP_BYTES {
            command = queue.try_recv().ok();
        }
    }
    (group, None)
}

fn write(disk: &mut Disk, engine: &Engine, group: Group) -> Result<(), StoreError> {
    let (requests, answers): (Vec<_>, Vec<_>) = group.into_iter().unzip();
    let (plan, batch) = {
        let history = engine.read();
        let plan = engine::plan(&history, &requests, expiry::now());
        let batch = disk.batch(&history, &plan.written);
        (plan, batch)
    };
    let written = match batch {
        Some(batch) => disk.commit(batch),
        None => Ok(()),
    };
    if let Err(error) = &written {
        for answer in answers {
            let _ = answer.send(Err(error.clone()));
        }
        return written;
    }
    engine.publish(plan.written);
    for (answer, outcome) in answers.into_iter().zip(plan.outcomes) {
        let _ = answer.send(Ok(outcome));
    }
    Ok(())
}

fn compact(
    disk: &mut Disk,
    engine: &Engine,
    revision: Revision,
    failed: &mut Option<StoreError>,
) -> Result<(), StoreError> {
    let dropped = engine.write().compact(revision)?;
    disk.compact(revision, &dropped).inspect_err(|error| *failed = Some(error.clone()))
}

fn forget_overgrown(disk: &mut Disk, engine: &Engine, failed: &mut Option<StoreError>) {
    let Some(revision) = engine.read().overgrown() else { return };
    if failed.is_none() {
        tracing::warn!(
            revision,
            limit_bytes = limits::HISTORY_BYTES,
            "the history has outgrown its limit, the older half is forgotten"
        );
        // An error is kept in `failed`.
        let _ = compact(disk, engine, revision, failed);
    }
}

fn refuse(group: Group, compaction: Option<(Revision, Answer<()>)>, error: &StoreError) {
    for (_, answer) in group {
        let _ = answer.send(Err(error.clone()));
    }
    if let Some((_, answer)) = compaction {
        let _ = answer.send(Err(error.clone()));
    }
}
