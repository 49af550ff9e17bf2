//! A browser for tests: headless Chromium, spoken to by its DevTools protocol over a pipe.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

const NAMES: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
const PATIENCE: Duration = Duration::from_secs(60);

/// The name of a browser that is installed.
pub fn installed() -> Option<&'static str> {
    let path = std::env::var_os("PATH")?;
    NAMES.into_iter().find(|name| std::env::split_paths(&path).any(|dir| dir.join(name).is_file()))
}

/// Whether the browser's own sandbox can't be had: it refuses to run for root, and containers of CI lack what it
/// needs.
fn needs_no_sandbox() -> bool {
    use std::os::unix::fs::MetadataExt;
    std::env::var_os("CI").is_some() || std::fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0)
}

/// A browser with one page.
pub struct Browser {
    child: Child,
    to: ChildStdin,
    from: Receiver<Value>,
    session: Option<String>,
    next: u64,
    /// What happened on the page: requests, messages of the console, violated policies.
    pub events: Vec<Value>,
    _profile: tempfile::TempDir,
}

impl Browser {
    /// Opens a file. The page is loaded when this returns.
    pub fn open(name: &str, file: &Path) -> Browser {
        let profile = tempfile::tempdir().expect("a directory for the browser's profile");
        // The browser reads commands from descriptor 3 and answers on 4; the shell makes them of its stdin and
        // stdout.
        let mut child = Command::new("sh")
            .args(["-c", "exec \"$@\" 3<&0 4>&1 </dev/null >/dev/null 2>&1", "sh", name])
            .args(["--headless", "--remote-debugging-pipe", "--no-first-run", "--disable-gpu"])
            .args(["--disable-dev-shm-usage", "--window-size=1280,1000"])
            .args(needs_no_sandbox().then_some("--no-sandbox"))
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .arg("about:blank")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a shell");
        let to = child.stdin.take().expect("a pipe");
        let answers = child.stdout.take().expect("a pipe");
        let (sender, from) = channel();
        std::thread::spawn(move || {
            let mut answers = BufReader::new(answers);
            let mut message = Vec::new();
            while answers.read_until(0, &mut message).is_ok_and(|n| n > 0) {
                message.pop();
                let Ok(value) = serde_json::from_slice(&message) else { return };
                if sender.send(value).is_err() {
                    return;
                }
                message.clear();
            }
        });
        let events = Vec::new();
        let mut browser = Browser { child, to, from, session: None, next: 0, events, _profile: profile };
        let target = browser.call("Target.createTarget", json!({"url": "about:blank"}));
        let attached =
            browser.call("Target.attachToTarget", json!({"targetId": target["targetId"], "flatten": true}));
        browser.session = attached["sessionId"].as_str().map(str::to_string);
        for domain in ["Page", "Network", "Log", "Runtime"] {
            browser.call(&format!("{domain}.enable"), json!({}));
        }
        browser.call("Page.navigate", json!({"url": format!("file://{}", file.display())}));
        let start = Instant::now();
        while browser.eval("document.readyState + location.protocol") != "completefile:" {
            assert!(start.elapsed() < PATIENCE, "the page does not load");
            std::thread::sleep(Duration::from_millis(20));
        }
        browser
    }

    /// Sends a command and waits for its result.
    pub fn call(&mut self, method: &str, params: Value) -> Value {
        self.next += 1;
        let id = self.next;
        let mut message = json!({"id": id, "method": method, "params": params});
        if let Some(session) = &self.session {
            message["sessionId"] = json!(session);
        }
        let mut bytes = message.to_string().into_bytes();
        bytes.push(0);
        self.to.write_all(&bytes).expect("the browser listens");
        loop {
            let mut answer = self.from.recv_timeout(PATIENCE).expect("the browser answers");
            if answer["id"] == id {
                assert!(answer["error"].is_null(), "{method}: {}", answer["error"]);
                return answer["result"].take();
            }
            if answer["id"].is_null() {
                self.events.push(answer);
            }
        }
    }

    /// What an expression gives on the page.
    pub fn eval(&mut self, expression: &str) -> Value {
        let mut result = self.call(
            "Runtime.evaluate",
            json!({"expression": expression, "returnByValue": true, "awaitPromise": true}),
        );
        assert!(result["exceptionDetails"].is_null(), "{expression}: {}", result["exceptionDetails"]);
        result["result"]["value"].take()
    }

    /// Clicks the middle of an element, as a mouse does: what lies above it would get the click.
    pub fn click(&mut self, selector: &str) {
        let place = self.eval(&format!(
            "(() => {{ const e = document.querySelector({selector:?}); e.scrollIntoView({{block: 'center'}}); \
             const r = e.getBoundingClientRect(); return [r.x + r.width / 2, r.y + r.height / 2]; }})()"
        ));
        for kind in ["mousePressed", "mouseReleased"] {
            self.call(
                "Input.dispatchMouseEvent",
                json!({"type": kind, "x": place[0], "y": place[1], "button": "left", "clickCount": 1}),
            );
        }
    }

    /// Types text where the focus is.
    pub fn keys(&mut self, text: &str) {
        for c in text.chars() {
            let text = c.to_string();
            self.call("Input.dispatchKeyEvent", json!({"type": "keyDown", "text": text, "key": text}));
            self.call("Input.dispatchKeyEvent", json!({"type": "keyUp", "key": text}));
        }
    }

    /// Presses a key that writes nothing.
    pub fn key(&mut self, key: &str, code: u32) {
        for kind in ["rawKeyDown", "keyUp"] {
            let params = json!({"type": kind, "key": key, "code": key, "windowsVirtualKeyCode": code});
            self.call("Input.dispatchKeyEvent", params);
        }
    }

    /// The elements that a reader sees, as what `of` gives for each `e`.
    pub fn seen(&mut self, selector: &str, of: &str) -> Vec<String> {
        let list = self.eval(&format!(
            "[...document.querySelectorAll({selector:?})].filter(e => e.checkVisibility()).map(e => {of})"
        ));
        list.as_array().expect("a list").iter().map(|e| e.as_str().unwrap_or_default().to_string()).collect()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
