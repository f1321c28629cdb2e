//! The contract, on the store in memory.

use orlop_store::{Memory, suite};

#[tokio::test]
async fn keeps_the_contract() {
    suite::run(&Memory::new()).await;
}
