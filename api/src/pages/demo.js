// The demo shop's fault switch, and what channels posted to its sink.

import { byId, el, moment, show } from "./dom.js";

const origin = document.querySelector('meta[name="demo"]').content;

export async function refreshDemo() {
  if (!origin) return;
  byId("demo").hidden = false;
  try {
    const [faults, sink] = await Promise.all([ask("/faults"), ask("/sink")]);
    showFaults(faults);
    showSink(sink);
  } catch {
    byId("fault").textContent = `The demo shop does not answer at ${origin}.`;
  }
}

async function ask(path, options) {
  const response = await fetch(origin + path, options);
  if (!response.ok) throw new Error(`${path} answered ${response.status}`);
  return response.json();
}

function showFaults({ fault, description, faults }) {
  byId("fault").textContent = `Now ${description}.`;
  show(byId("faults"), { fault, faults }, () => faults.map((known) => {
    const press = async () => {
      const body = JSON.stringify({ fault: known.fault });
      showFaults(await ask("/faults", { method: "PUT", headers: { "content-type": "application/json" }, body }));
    };
    const pressed = String(known.fault === fault);
    const attributes = { title: known.description, "aria-pressed": pressed, "data-key": known.fault, click: press };
    return el("button", attributes, known.fault.replaceAll("_", " "));
  }));
}

function showSink(sink) {
  show(byId("sink"), sink, () => {
    if (sink.data.length === 0) return el("p", { class: "quiet" }, "Nothing yet.");
    return sink.data.slice(0, 10).map((one) => {
      const body = typeof one.body === "string" ? one.body : JSON.stringify(one.body, null, 2);
      return el("article", {},
        el("strong", {}, `#${one.number} `), title(one.body), " ", moment(one.received_at),
        el("details", {}, el("summary", {}, "Body"), el("pre", {}, body)));
    });
  });
}

/** What it says in a line, where the body is of a form that we know: a webhook's, or PagerDuty's. */
function title(body) {
  const parts = [body?.type ?? body?.event_action, body?.data?.summary ?? body?.payload?.summary];
  return parts.filter((part) => typeof part === "string").join(": ");
}
