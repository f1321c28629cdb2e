//! "What is the newest revision?", asked once for all who wait.
//!
//! A consistent read asks the store for its revision and waits until the cache has reached it.
//! Whoever asks while a question is under way shares the next one, so that a thousand reads
//! cost one round trip.

use object::{ApiError, Result};
use std::sync::Arc;
use store::{Revision, Store};
use tokio::sync::{mpsc, oneshot};

type Answer = oneshot::Sender<Result<Revision>>;

/// Asks for the newest revision.
#[derive(Clone, Debug)]
pub(crate) struct Newest {
    questions: mpsc::UnboundedSender<Answer>,
}

impl Newest {
    /// Starts the task that asks; it ends with the last clone of this.
    pub(crate) fn start(store: Arc<dyn Store>) -> Self {
        let (questions, asked) = mpsc::unbounded_channel();
        runtime::spawn("newest revision", answer(store, asked)).detach();
        Self { questions }
    }

    /// The revision of the store at some instant after this call began.
    pub(crate) async fn ask(&self) -> Result<Revision> {
        let (answer, answered) = oneshot::channel();
        let gone = || ApiError::unavailable("the server is shutting down");
        self.questions.send(answer).map_err(|_| gone())?;
        answered.await.map_err(|_| gone())?
    }
}

async fn answer(store: Arc<dyn Store>, mut asked: mpsc::UnboundedReceiver<Answer>) {
    while let Some(first) = asked.recv().await {
        let mut waiting = vec![first];
        while let Ok(next) = asked.try_recv() {
            waiting.push(next);
        }
        let revision = store.revision().await.map_err(ApiError::timeout);
        for answer in waiting {
            // Whoever no longer waits needs no answer.
            let _ = answer.send(revision.clone());
        }
    }
}
