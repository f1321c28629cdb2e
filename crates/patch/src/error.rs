//! Why a patch cannot be applied, and what the client is told.
//!
//! Mirrors how `k8s.io/apiserver/pkg/endpoints/handlers/patch.go` sorts these errors.

use object::{ApiError, Reason};

/// A patch that cannot be applied.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PatchError {
    /// The patch is no patch; 400.
    #[error("{0}")]
    Malformed(String),
    /// The JSON patch has too many operations; 413.
    #[error("The allowed maximum operations in a JSON patch is {limit}, got {count}")]
    TooManyOperations {
        /// How many there are.
        count: usize,
        /// How many there may be.
        limit: usize,
    },
    /// The patch doesn't fit the object; 422. Upstream keeps the reason from the client.
    #[error("{0}")]
    Unfit(String),
    /// The patch doesn't fit the type; 500, as upstream has no other code for it.
    #[error("{0}")]
    Mistyped(String),
}

impl From<PatchError> for ApiError {
    fn from(error: PatchError) -> Self {
        match error {
            PatchError::Malformed(message) => Self::bad_request(message),
            PatchError::TooManyOperations { .. } => {
                let message = format!("Request entity too large: {error}");
                Self::new(413, Reason::RequestEntityTooLarge, message)
            }
            PatchError::Unfit(_) => {
                let message = "the server rejected our request due to an error in our request";
                let mut refusal = Self::new(422, Reason::Invalid, message);
                refusal.details = Some(Box::default());
                refusal
            }
            PatchError::Mistyped(message) => Self::new(500, Reason::Unknown, message),
        }
    }
}
