//! 5,000 incidents in a minute, over 100 keys at PagerDuty; ten of them have more than a key takes in a minute.

use std::{
    collections::{HashMap, VecDeque},
    time::Duration,
};

use chaos::{
    clock::Millis,
    receivers::pagerduty::{Action, Event},
};
use tokio::time::Instant;

use crate::{
    Options,
    documents::Kind,
    figures::Figures,
    world::{UNFINISHED, World},
};

const INCIDENTS: usize = 5_000;
const TEAMS: usize = 100;
/// So many teams have so many incidents each.
const LOUD: (usize, usize) = (10, 150);
/// What Skopos gives itself of the 120 that PagerDuty takes.
const PER_MINUTE: usize = 100;
const MINUTE: Millis = 60_000;
/// A claim waits for its turn to be counted after it has looked at the clock.
const SLACK: Millis = 2_000;
const PATIENCE: Duration = Duration::from_secs(900);

pub(crate) async fn run(options: &Options) -> anyhow::Result<Figures> {
    let (incidents, teams) =
        if options.short { (300, 20) } else { (options.incidents.unwrap_or(INCIDENTS), TEAMS) };
    let mut world = World::start(options).await?;
    for _ in 0..3 {
        world.notifier()?;
    }
    world.watch(&[Kind::Pagerduty], teams, (incidents, "1m"), |number| team(number, teams)).await?;
    let mut figures = Figures::default();
    let all = i64::try_from(incidents)?;
    for (fails, what, state) in [(true, "incidents open", "open"), (false, "incidents resolved", "resolved")]
    {
        let began = Instant::now();
        world.target.fail(fails);
        let statement = format!("SELECT count(*) FROM incidents WHERE state = '{state}'");
        world.until(what, &statement, all, PATIENCE).await?;
        figures.say(format!("{what} after {:.0} s", began.elapsed().as_secs_f64()));
        world.until("messages left", UNFINISHED, 0, PATIENCE).await?;
        figures.say(format!("all of them told after {:.0} s", began.elapsed().as_secs_f64()));
    }
    let spread = "SELECT (extract(epoch FROM max(opened_at) - min(opened_at)))::bigint FROM incidents";
    figures.say(format!("the incidents began within {} s", world.ground.count(spread).await?));

    let alerts = world.receivers.pagerduty.alerts().0;
    figures.exactly("alerts opened", alerts.values().map(|alert| alert.opened as usize).sum(), incidents);
    figures.exactly("open in the end", alerts.values().filter(|alert| alert.open).count(), 0);
    figures.exactly("told to wait", world.receivers.pagerduty.throttled(), 0);
    figures.none("refused", &world.receivers.pagerduty.unreadable());
    let claimed = busiest(&claims(&world).await?, MINUTE - SLACK);
    figures.at_most("most events of a key in any 58 s, when they were claimed", claimed, PER_MINUTE);
    let came = busiest(&world.receivers.pagerduty.taken(), MINUTE);
    figures.say(format!("most events of a key in any minute, when they arrived: {came} of 120"));
    Ok(figures)
}

/// Every try, by the clock of the database.
async fn claims(world: &World) -> anyhow::Result<Vec<(Millis, Event)>> {
    let tries = "SELECT (extract(epoch FROM began_at) * 1000)::bigint, channel FROM notification_attempts
                 JOIN notifications ON notifications.id = notification_id ORDER BY 1";
    let rows = world.ground.sql.query(tries, &[]).await?;
    let claim = |row: &tokio_postgres::Row| {
        let key = (row.get(1), String::new());
        (row.get(0), Event { key, action: Action::Trigger })
    };
    Ok(rows.iter().map(claim).collect())
}

/// The first are of the loud teams.
fn team(number: usize, teams: usize) -> usize {
    let (loud, each) = LOUD;
    if number < loud * each && teams > loud {
        number / each
    } else {
        loud.min(teams - 1) + number % (teams - loud).max(1)
    }
}

/// The most events of one key within any stretch of time.
fn busiest(taken: &[(Millis, Event)], stretch: Millis) -> usize {
    let (mut windows, mut most) = (HashMap::<&str, VecDeque<Millis>>::new(), 0);
    for (at, event) in taken {
        let window = windows.entry(&event.key.0).or_default();
        window.push_back(*at);
        while window.front().is_some_and(|first| at - first >= stretch) {
            window.pop_front();
        }
        most = most.max(window.len());
    }
    most
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_busiest_minute_is_of_one_key() {
        let event =
            |at, key: &str| (at, Event { key: (key.to_owned(), String::new()), action: Action::Trigger });
        let taken =
            [event(0, "a"), event(10, "b"), event(59_999, "a"), event(60_000, "a"), event(120_000, "a")];
        assert_eq!(busiest(&taken, MINUTE), 2);
    }

    #[test]
    fn ten_teams_of_a_hundred_are_loud() {
        let mut counts = HashMap::new();
        for number in 0..INCIDENTS {
            *counts.entry(team(number, TEAMS)).or_insert(0) += 1;
        }
        assert_eq!((counts.len(), counts[&0], counts[&9]), (TEAMS, 150, 150));
        assert!(counts.values().filter(|count| **count < PER_MINUTE).count() == 90);
    }
}
