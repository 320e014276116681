use std::future::{pending, ready};

use tokio::{
    spawn,
    task::yield_now,
    time::{advance, sleep},
};

use super::*;

fn gate() -> Arc<Gate> {
    Arc::new(Gate::default())
}

/// Whether one more could hand something over at once.
async fn is_free(gate: &Arc<Gate>) -> bool {
    let mut place = gate.enter("another".to_owned()).expect("a place");
    timeout(Duration::from_millis(1), place.hand_over(ready(()))).await.is_ok()
}

#[tokio::test(start_paused = true)]
async fn the_next_is_handed_over_when_the_one_before_is_recorded() {
    let gate = gate();
    let mut place = gate.enter("a".to_owned()).unwrap();
    place.hand_over(sleep(ALONE / 2)).await;
    advance(20 * ALONE).await;
    assert!(!is_free(&gate).await, "recording may take its time");
    drop(place);
    assert!(is_free(&gate).await);
}

#[tokio::test(start_paused = true)]
async fn who_does_not_answer_in_time_is_let_go_and_not_waited_for_again() {
    let gate = gate();
    let mut dead = gate.enter("dead".to_owned()).unwrap();
    let hanging = spawn(async move { dead.hand_over(pending::<()>()).await });
    yield_now().await;
    assert!(!is_free(&gate).await);
    advance(ALONE).await;
    assert!(is_free(&gate).await);

    let mut again = gate.enter("dead".to_owned()).unwrap();
    let also_hanging = spawn(async move { again.hand_over(pending::<()>()).await });
    yield_now().await;
    assert!(is_free(&gate).await, "it goes beside the gate");
    hanging.abort();
    also_hanging.abort();
}

#[tokio::test(start_paused = true)]
async fn who_answers_in_time_again_is_waited_for_again() {
    let gate = gate();
    let mut place = gate.enter("a".to_owned()).unwrap();
    place.hand_over(sleep(2 * ALONE)).await;
    assert!(is_free(&gate).await, "its answer came too late to keep the others");
    let mut mended = gate.enter("a".to_owned()).unwrap();
    mended.hand_over(ready(())).await;
    drop(mended);
    let mut place = gate.enter("a".to_owned()).unwrap();
    place.hand_over(ready(())).await;
    assert!(!is_free(&gate).await);
}

#[tokio::test(start_paused = true)]
async fn who_finds_no_place_comes_again_one_after_the_other() {
    let gate = gate();
    let places: Vec<_> = (0..PLACES).map(|_| gate.enter("a".to_owned()).unwrap()).collect();
    let waits: Vec<_> = (0..3).map(|_| gate.enter("a".to_owned()).err().unwrap()).collect();
    assert_eq!(waits, [GUESS, 2 * GUESS, 3 * GUESS]);
    drop(places);
    assert!(gate.enter("a".to_owned()).is_ok());
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_longer_than_the_patience() {
    let gate = gate();
    let mut inside = gate.enter("a".to_owned()).unwrap();
    inside.hand_over(ready(())).await;
    let _rest: Vec<_> = (1..PLACES).map(|_| gate.enter("a".to_owned()).unwrap()).collect();
    let mut waiting = 0;
    let mut beside = loop {
        match gate.enter("a".to_owned()) {
            Err(wait) => {
                assert!(wait <= PATIENCE);
                waiting += 1;
            }
            Ok(place) => break place,
        }
    };
    assert_eq!(waiting, PATIENCE.as_millis() / GUESS.as_millis());
    timeout(Duration::from_millis(1), beside.hand_over(ready(()))).await.expect("it goes beside the gate");
}

#[test]
fn a_gate_learns_what_a_message_takes() {
    let mut inside = Inside { slow: HashSet::new(), booked: Instant::now(), usual: GUESS };
    for _ in 0..50 {
        inside.learn(Duration::from_millis(300));
    }
    assert!(inside.usual > Duration::from_millis(290), "{:?}", inside.usual);
}
