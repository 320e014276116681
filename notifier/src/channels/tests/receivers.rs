//! What the receivers say to all of it: stand-ins that are as strict as their vendors' documents.

use chaos::receivers;
use domain::result::AssertionResult;
use proptest::prelude::*;

use super::*;

/// The secrets of the webhook that is being given another one.
const SECRETS: [&str; 2] = ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_c2Vjb25k"];
const THREAD: &str = "C0123456789 1503435956.000247";

/// Whether every receiver takes what it is told about a notice.
fn taken(notice: &Notice) -> Result<(), String> {
    let event = rendered(&pagerduty(), notice);
    receivers::pagerduty::read(&event.body).map_err(|errors| format!("PagerDuty: {errors:?}"))?;
    for (receiver, thread) in [(slack(), None), (bot(), None), (bot(), Some(THREAD))] {
        for request in requests(&receiver, notice, thread) {
            receivers::slack::check(&body(&request)).map_err(|why| format!("Slack: {why}"))?;
        }
    }
    receivers::mailbox::check(&mail(notice).bytes).map_err(|why| format!("mail: {why}"))?;
    for secrets in [&SECRETS[..1], &SECRETS[..]] {
        let url = "https://example.com/hook".to_owned();
        let secrets = secrets.iter().map(|secret| (*secret).to_owned()).collect();
        let signed = rendered(&Receiver::Webhook(Webhook { url, secrets, template: None }), notice);
        believed(&signed, notice).map_err(|why| format!("webhook: {why}"))?;
    }
    Ok(())
}

/// By a receiver that has the first secret only.
fn believed(request: &Request, notice: &Notice) -> Result<(), String> {
    let header = |name: &str| {
        let found = request.headers.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str()).unwrap_or_default()
    };
    let signed = receivers::webhook::Signed {
        id: header("webhook-id"),
        timestamp: header("webhook-timestamp"),
        signature: header("webhook-signature"),
    };
    let now = notice.occurred_at.timestamp() + 2;
    receivers::webhook::verify(signed, &request.body, &SECRETS[..1], now)
}

#[test]
fn whatever_has_a_golden_file_is_taken() {
    for (name, notice) in golden() {
        assert_eq!(taken(&notice), Ok(()), "{name}");
    }
}

/// With this text wherever a target or a user writes one.
fn says_everywhere(notice: &mut Notice, text: &str) {
    text.clone_into(&mut notice.collection_name);
    notice.step = Some((u32::MAX, text.to_owned()));
    let message = text.to_owned();
    notice.reason =
        Some(serde_json::from_value(json!({ "code": "assertion_failed", "message": message })).unwrap());
    notice.assertion = Some(AssertionResult {
        source: text.to_owned(),
        expected: json!([text]),
        actual: Some(json!({ text: text })),
        message: Some(text.to_owned()),
        ..opened().assertion.unwrap()
    });
}

#[test]
fn whatever_is_hostile_or_huge_is_taken_too() {
    let all = golden();
    let texts = [
        "</td><script>alert(1)</script>\r\nBcc: all@example.com\r\n\r\n<!channel> @here ```".to_owned(),
        "\r\n.\r\nMAIL FROM:<a@example.com>\r\n".to_owned(),
        "\u{1}😀".repeat(20_000), // six bytes of JSON for the one, four for the other
        "a\u{301}".repeat(10_000),
        "&<>\"'`*_~@#".repeat(2_000),
        "\u{202e}\u{2028}\u{feff}\u{0}".repeat(500),
        "x".repeat(100_000),
        " ".repeat(5_000),
        String::new(),
    ];
    for (text, number) in texts.iter().zip(0..) {
        // All with the first, which is the most hostile; then one after the other.
        let some = if number == 0 { &all[..] } else { &all[number % all.len()..][..1] };
        for (name, notice) in some {
            let mut notice = notice.clone();
            says_everywhere(&mut notice, text);
            let shown: String = text.chars().take(20).collect();
            assert_eq!(taken(&notice), Ok(()), "{name} of {shown:?}");
            let size = mail(&notice).bytes.len();
            assert!(size < 300_000, "a mail of {size} bytes, {name} of {shown:?}");
        }
    }
}

/// Texts of every length and alphabet, also those that swell most when they are escaped.
fn text() -> impl Strategy<Value = String> {
    let unit = prop::sample::select(vec!["\u{0}", "\"", "\\", "😀", "é", "a", " ", "\u{1b}x"]);
    prop_oneof![any::<String>(), (unit, 0..10_000_usize).prop_map(|(unit, times)| unit.repeat(times))]
}

fn any_notice() -> impl Strategy<Value = Notice> {
    let kind = prop::sample::select(NotificationKind::ALL);
    let seconds = -1_000_000_i64..1_000_000_000;
    (kind, seconds, text(), text(), text(), text(), text(), any::<u32>()).prop_map(
        |(kind, seconds, name, step, message, expected, actual, number)| {
            let mut notice = notice(NotificationKind::Opened, TimeDelta::seconds(seconds));
            notice.kind = kind;
            notice.collection_name = name;
            notice.step = Some((number, step));
            notice.reason.as_mut().unwrap().message.clone_from(&message);
            let assertion = notice.assertion.as_mut().unwrap();
            assertion.source.clone_from(&message);
            assertion.expected = expected.into();
            assertion.actual = (!actual.is_empty()).then(|| actual.into());
            assertion.message = Some(message);
            notice
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn whatever_is_told_is_taken(notice in any_notice()) {
        prop_assert_eq!(taken(&notice), Ok(()));
        let event = body(&rendered(&pagerduty(), &notice));
        prop_assert!(!event["payload"]["summary"].as_str().unwrap().contains(char::is_control));
        let signed = rendered(&webhook(), &notice);
        prop_assert_eq!(&body(&signed)["data"]["incident"], "inc_0199689a0f0070008000000000000001");
        prop_assert!(signed.headers.iter().all(|(_, value)| !value.contains(char::is_control)));
    }
}
