use domain::exchange::Timing;

use super::*;

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_790_000_000 + seconds, 0).unwrap()
}

fn response(status: u16, retry_after: Option<&str>) -> Response {
    let headers = retry_after.map(|text| ("retry-after".parse().unwrap(), text.parse().unwrap()));
    Response {
        status,
        http_version: "HTTP/1.1",
        url: String::new(),
        headers: headers.into_iter().collect(),
        body: Default::default(),
        timing: Timing::default(),
        peer: None,
        redirects: 0,
        tls: None,
    }
}

fn failure(code: ReasonCode) -> Failure {
    Failure { code, message: String::new(), timing: Timing::default(), peer: None, tls: None }
}

fn later(delivery: Delivery) -> Outcome {
    Outcome::Later { delivery, not_before: None }
}

#[test]
fn a_status_says_whether_to_come_again() {
    let of = |status| of_response(&response(status, None), at(0));
    for status in [200, 202, 204, 299] {
        assert_eq!(of(status), Outcome::Taken, "{status}");
    }
    for status in [408, 425, 429] {
        assert_eq!(of(status), later(Delivery::Refused), "{status}");
    }
    for status in [500, 502, 503, 504, 599] {
        assert_eq!(of(status), later(Delivery::Unknown), "{status}");
    }
    for status in [301, 307, 400, 401, 403, 404, 410, 413, 422] {
        assert_eq!(of(status), Outcome::Never, "{status}");
    }
}

#[test]
fn without_an_answer_the_code_says_whether_it_may_have_arrived() {
    use ReasonCode::*;
    for code in [Dns, Connect, Tls] {
        assert_eq!(of_failure(&failure(code)), later(Delivery::Refused), "{code}");
    }
    for code in [Timeout, ConnectionLost, Protocol, BodyTooLarge] {
        assert_eq!(of_failure(&failure(code)), later(Delivery::Unknown), "{code}");
    }
    for code in [AddressDenied, BadUrl] {
        assert_eq!(of_failure(&failure(code)), Outcome::Never, "{code}");
    }
}

#[test]
fn a_receiver_says_when_to_come_again_in_seconds_or_as_a_date() {
    let wish = |text| retry_after(text, at(0));
    assert_eq!(wish("120"), Some(at(120)));
    assert_eq!(wish(" 0 "), Some(at(0)));
    assert_eq!(wish("Mon, 21 Sep 2026 14:13:50 GMT"), Some(at(30)));
    for text in ["", "-1", "soon", "1.5", "99999999999"] {
        assert_eq!(wish(text), None, "{text}");
    }
}

#[test]
fn a_wish_is_kept_within_reason() {
    let next = |wish| of_response(&response(429, Some(wish)), at(0)).next(at(24 * 3600), 1, at(0), 0.5);
    let retry = |seconds| Next::Retry { delivery: Delivery::Refused, at: at(seconds) };
    assert_eq!(next("120"), retry(120));
    assert_eq!(next("0"), retry(1));
    assert_eq!(next("Thu, 01 Jan 1970 00:00:00 GMT"), retry(1));
    assert_eq!(next("86400"), retry(3600));
    assert_eq!(next("no"), retry(15));
}

#[test]
fn the_back_off_doubles_up_to_five_minutes_and_is_jittered() {
    let wait = |attempt, dice| match later(Delivery::Unknown).next(at(24 * 3600), attempt, at(0), dice) {
        Next::Retry { at: next, .. } => (next - at(0)).num_seconds(),
        other => panic!("{other:?}"),
    };
    let longest = [1, 2, 3, 4, 5, 60, u32::MAX].map(|attempt| wait(attempt, 1.0));
    assert_eq!(longest, [30, 60, 120, 240, 300, 300, 300]);
    assert_eq!([wait(1, 0.5), wait(5, 0.5), wait(5, 0.0)], [15, 150, 1]);
}

#[test]
fn it_is_tried_for_a_day_and_once_more_at_its_end() {
    let outcome = later(Delivery::Unknown);
    let day = 24 * 3600;
    let last = Next::Retry { delivery: Delivery::Unknown, at: at(day) };
    assert_eq!(outcome.next(at(24 * 3600), 300, at(day - 10), 1.0), last);
    assert_eq!(outcome.next(at(24 * 3600), 300, at(day), 1.0), Next::TooLate);
    assert_eq!(Outcome::Taken.next(at(24 * 3600), 300, at(day + 1), 1.0), Next::Sent);
    assert_eq!(Outcome::Never.next(at(24 * 3600), 1, at(0), 1.0), Next::Broken);
}
