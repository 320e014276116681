//! The health listener while the database goes away: the process lives, and is not ready.

#![expect(clippy::unwrap_used, reason = "this is a test, also where it is not inside a #[test] function")]

#[expect(dead_code, reason = "not every test needs all of the harness")]
mod fleet;

use std::{
    io,
    net::{Shutdown, TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

use fleet::{Role, on_servers, skopos};

/// A way to a server that can be cut.
struct Way {
    port: u16,
    /// `None` once it is cut.
    streams: Arc<Mutex<Option<Vec<TcpStream>>>>,
}

impl Way {
    fn to(server: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let way = Self {
            port: listener.local_addr().unwrap().port(),
            streams: Arc::new(Mutex::new(Some(Vec::new()))),
        };
        let streams = way.streams.clone();
        thread::spawn(move || {
            for near in listener.incoming().map(Result::unwrap) {
                // A connection that is not kept is closed here.
                if let Some(kept) = streams.lock().unwrap().as_mut() {
                    let far = TcpStream::connect(&server).unwrap();
                    for (from, to) in [(&near, &far), (&far, &near)] {
                        kept.push(from.try_clone().unwrap());
                        let (mut from, mut to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
                        thread::spawn(move || io::copy(&mut from, &mut to));
                    }
                }
            }
        });
        way
    }

    fn cut(&self) {
        for stream in self.streams.lock().unwrap().take().unwrap() {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

#[tokio::test]
async fn a_role_without_its_database_lives_and_is_not_ready() {
    on_servers(|servers| async move {
        servers.migrate();
        let mut settings = servers.settings();
        let mut url = url::Url::parse(&settings[0].1).unwrap();
        let way = Way::to(format!("{}:{}", url.host_str().unwrap(), url.port().unwrap_or(5432)));
        url.set_ip_host("127.0.0.1".parse().unwrap()).unwrap();
        url.set_port(Some(way.port)).unwrap();
        settings[0].1 = url.into();
        settings.push(("SKOPOS__HEALTH__LISTEN", "127.0.0.1:0".to_owned()));
        let mut notifier = Role::start(&["notifier"], &settings);
        assert_eq!(notifier.says(), "skopos notifier  16 slots");
        let health = notifier.url().trim_start_matches("http://").to_owned();
        settings.last_mut().unwrap().1 = health;
        let ask = |arguments: &[&str]| {
            let asked = skopos(arguments, &settings).output().unwrap();
            (asked.status.code(), String::from_utf8(asked.stderr).unwrap())
        };
        assert_eq!(ask(&["healthcheck", "--ready"]), (Some(0), String::new()));

        way.cut();
        let (code, err) = ask(&["healthcheck", "--ready"]);
        assert!(code == Some(1) && err.contains("answers 503"), "{err}");
        assert_eq!(ask(&["healthcheck"]), (Some(0), String::new()));
        assert_eq!(notifier.stop(), Some(0));
    })
    .await;
}
