// The start page: asks the API every two seconds, and shows what changed.

import { refreshDemo } from "./demo.js";
import { byId, counted, el, moment, show, status, table, tick } from "./dom.js";
import { showProblem, showRun } from "./run.js";

const EVERY = 2000;

async function ask(path, options) {
  const response = await fetch(path, { ...options, headers: { accept: "application/json" } });
  const body = await response.json();
  if (!response.ok) throw body;
  return body;
}

async function refresh() {
  const paths = ["/v1/monitors?limit=100", "/v1/runs?limit=20", "/v1/incidents?state=open&limit=20"];
  const [monitors, runs, incidents] = await Promise.all(paths.map((path) => ask(path)));
  byId("sentence").textContent = sentence(monitors, incidents.data);
  show(byId("monitors"), monitors.data, () => monitorTable(monitors.data));
  show(byId("runs"), runs.data, () => runTable(runs.data));
  show(byId("incidents"), incidents.data, () => incidentTable(incidents.data));
  await refreshDetail();
}

async function refreshDetail() {
  const place = byId("detail");
  const id = location.pathname.match(/^\/runs\/([^/]+)$/)?.[1];
  if (!id) {
    place.hidden = true;
    return;
  }
  try {
    showRun(place, await ask(`/v1/runs/${id}`));
  } catch (problem) {
    if (!problem.title) throw problem;
    showProblem(place, problem);
  }
}

function sentence({ data: monitors, next_cursor: more }, incidents) {
  if (monitors.length === 0) return "Nothing is watched yet.";
  const having = (outcome) =>
    monitors.filter((monitor) => monitor.latest_runs.some((run) => run.outcome === outcome)).length;
  const of = more ? `the newest ${monitors.length} monitors` : counted(monitors.length, "monitor");
  const open = incidents.length === 0 ? "no open incident" : counted(incidents.length, "open incident");
  return `${having("failed")} failing, ${having("degraded")} degraded of ${of}, ${open}.`;
}

function monitorTable(monitors) {
  if (monitors.length === 0) {
    return el("div", { class: "empty" },
      el("p", {}, "A collection with a ", el("code", {}, "schedule"), " is watched as soon as it is applied:"),
      el("pre", {}, "skopos apply examples/checkout.yaml"));
  }
  const rows = monitors.map((monitor) => el("tr", {},
    el("th", { scope: "row" }, monitor.name ?? monitor.id),
    el("td", {}, monitor.enabled ? monitor.schedule_text : "disabled"),
    el("td", {}, lastRuns(monitor)),
    el("td", {}, moment(monitor.next_run_at)),
    el("td", { class: "action" }, runNow(monitor))));
  return table("Monitors", [["Monitor"], ["When"], ["Last outcome"], ["Next run"], ["Action", "action"]], rows);
}

function lastRuns(monitor) {
  if (monitor.latest_runs.length === 0) return el("span", { class: "quiet" }, "none yet");
  return monitor.latest_runs.map((run) => el("div", {}, status(run.outcome), " ",
    link(run, monitor.collections.length > 1 ? run.collection : null, `last ${run.id}`)));
}

/** A run's link says when it was, and of what where that is not plain. */
const link = (run, text, key) =>
  el("a", { href: `/runs/${run.id}`, "data-key": key }, text ? `${text}, ` : null, moment(run.finished_at ?? run.due_at));

function runNow(monitor) {
  const press = async () => {
    const problem = byId("problem");
    problem.hidden = true;
    try {
      const started = await ask(`/v1/monitors/${encodeURIComponent(monitor.id)}/run`, { method: "POST" });
      if (started.data.length === 1) history.pushState(null, "", `/runs/${started.data[0].id}`);
      await refresh();
    } catch (refusal) {
      problem.textContent = refusal.title ? `${refusal.title}: ${refusal.detail}` : "The API does not answer.";
      problem.hidden = false;
    }
  };
  const label = `Run ${monitor.name ?? monitor.id} now`;
  return el("button", { "aria-label": label, "data-key": `run ${monitor.id}`, click: press }, "Run now");
}

function runTable(runs) {
  if (runs.length === 0) return el("p", { class: "quiet" }, "Nothing has run yet. Press “Run now”.");
  const rows = runs.map((run) => el("tr", {},
    el("td", {}, status(run.outcome ?? run.state)),
    el("th", { scope: "row" }, run.collection),
    el("td", {}, link(run, null, run.id)),
    el("td", {}, run.trigger),
    el("td", {}, run.reason ? `${run.reason.step ? `${run.reason.step}: ` : ""}${run.reason.message}` : "")));
  return table("Latest runs", [["Outcome"], ["Collection"], ["When"], ["Trigger"], ["Why"]], rows);
}

function incidentTable(incidents) {
  if (incidents.length === 0) return el("p", { class: "quiet" }, "None.");
  const rows = incidents.map((incident) => el("tr", {},
    el("td", {}, status(incident.state)),
    el("th", { scope: "row" }, incident.collection),
    el("td", {}, incident.severity),
    el("td", {}, moment(incident.opened_at)),
    el("td", {}, el("a", { href: `/runs/${incident.opened_by}`, "data-key": incident.id },
      incident.reason?.message ?? "see the run"))));
  return table("Open incidents", [["State"], ["Collection"], ["Severity"], ["Since"], ["Why"]], rows);
}

function live(state) {
  const place = byId("live");
  if (place.dataset.state === state) return;
  place.dataset.state = state;
  place.textContent = state;
}

async function loop() {
  try {
    await refresh();
    live("live");
  } catch {
    live("offline");
  }
  await refreshDemo();
  setTimeout(loop, EVERY);
}

/** Links between our own views change the address and keep the page. */
function follow(event) {
  const path = event.target.closest("a")?.getAttribute("href");
  const elsewhere = event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey;
  if (elsewhere || !(path === "/" || path?.startsWith("/runs/"))) return;
  event.preventDefault();
  history.pushState(null, "", path);
  refreshDetail().then(() => byId("detail").scrollIntoView({ block: "nearest" })).catch(() => live("offline"));
}

addEventListener("click", follow);
addEventListener("popstate", () => refreshDetail().catch(() => live("offline")));
setInterval(tick, 1000);
await loop();
