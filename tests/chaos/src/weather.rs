//! When the target misbehaves: every third collection never does, the others now and then, by the seed.

use std::{sync::Arc, time::Duration};

use rand::{RngExt, SeedableRng, rngs::StdRng};
use tokio::{task::JoinSet, time::sleep};

use crate::{
    documents::collection_id,
    target::{Fault, Target},
};

/// Collections that may be made to fail.
fn fragile(monitors: usize) -> impl Iterator<Item = usize> {
    (0..monitors).filter(|number| number % 3 != 2)
}

/// Makes collections fail and recover until it is aborted.
pub(crate) async fn change(target: Arc<Target>, monitors: usize, seed: u64) {
    let mut collections = JoinSet::new();
    for number in fragile(monitors) {
        let (target, mut dice) = (target.clone(), StdRng::seed_from_u64(seed ^ number as u64));
        collections.spawn(async move {
            let collection = collection_id(number);
            loop {
                sleep(Duration::from_millis(dice.random_range(3_000..12_000))).await;
                target.set(&collection, Some(fault(&mut dice)));
                sleep(Duration::from_millis(dice.random_range(2_000..8_000))).await;
                target.set(&collection, None);
            }
        });
    }
    while collections.join_next().await.is_some() {}
}

/// What it is like in the end: one of four goes on to fail, so that some incidents are open when all is judged.
pub(crate) fn settle(target: &Target, monitors: usize) {
    for (place, number) in fragile(monitors).enumerate() {
        target.set(&collection_id(number), (place % 4 == 0).then_some(Fault::Fails));
    }
}

fn fault(dice: &mut StdRng) -> Fault {
    match dice.random_range(0..10) {
        0..6 => Fault::Fails,
        6..9 => Fault::Resets,
        _ => Fault::Slow,
    }
}
