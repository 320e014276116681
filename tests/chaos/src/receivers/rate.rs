//! How much a receiver takes in any stretch of time, by whatever it counts.

use std::collections::{HashMap, VecDeque};

use crate::clock::Millis;

/// At most so many in any window, of each key.
#[derive(Debug)]
pub(super) struct Rate {
    count: usize,
    window: Millis,
    taken: HashMap<String, VecDeque<Millis>>,
}

impl Rate {
    pub(super) fn new(count: usize, window: Millis) -> Self {
        Self { count, window, taken: HashMap::new() }
    }

    /// Takes one more; or says after how many seconds there is room again.
    pub(super) fn take(&mut self, key: &str, at: Millis) -> Result<(), u32> {
        let taken = self.taken.entry(key.to_owned()).or_default();
        while taken.front().is_some_and(|first| at - first >= self.window) {
            taken.pop_front();
        }
        if let (true, Some(first)) = (taken.len() >= self.count, taken.front()) {
            let wait = first + self.window - at;
            return Err(u32::try_from(wait / 1000 + 1).unwrap_or(u32::MAX));
        }
        taken.push_back(at);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_window_has_more_than_its_count() {
        let mut rate = Rate::new(2, 1_000);
        let taken: Vec<_> = [0, 400, 900, 1_000, 1_300, 1_400].map(|at| rate.take("a", at)).into();
        assert_eq!(taken, [Ok(()), Ok(()), Err(1), Ok(()), Err(1), Ok(())]);
        assert_eq!(rate.take("b", 1_400), Ok(()), "each key has its own");
    }
}
