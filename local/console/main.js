/** The console: one profile, seen through five contracts, changed through any of them. */

import { Activity } from "./activity.js";
import { changes, Comparison } from "./comparison.js";
import { NAMES, readContracts } from "./contract.js";
import { element, fill } from "./element.js";
import { Exchanges } from "./exchange.js";
import { Form } from "./form.js";
import { readProfile } from "./profile.js";
import { isDone } from "./refusal.js";
import { follow } from "./theme.js";

/** The user who is there on every stack and suits all five contracts. */
const FIRST = "1001";

/** How a profile comes to be, and how one that was erased. */
const CREATES = "a change through AuthMS, CIAM or CloudBase creates it";
const ANEW = "an administrator can create it anew, through AuthMS";

/** What an id is. */
const RULE = "An id has 1 to 128 letters, digits and . _ : | -, and begins with a letter or a digit.";

const at = (selector) => document.querySelector(selector);

const state = { user: "", actor: "user", chosen: "ciam", all: false, views: [], changes: [], profile: null };
let credentials;

/** What is under way. */
let turn = Promise.resolve();

follow(at("#theme"));
const contracts = await readContracts().catch((fault) => {
  complain(`The contracts' documents cannot be read: ${fault.message}.`);
  throw fault;
});
const chosen = () => contracts.find(({ id }) => id === state.chosen);
const comparison = new Comparison(at("#comparison"), contracts, (contract) => choose(contract, true));
const activity = new Activity(at("#activity"), at("#kinds"), changedElsewhere);
const exchanges = new Exchanges(at("#exchanges"), activity.requests);
const form = new Form(at("#change"), { sent, change, say });

for (const { id, name } of contracts) {
  const input = element("input", { type: "radio", name: "contract", value: id });
  at("#contracts").append(element("label", { "data-contract": id }, input, element("span", {}, name)));
}
at("#contracts").addEventListener("change", ({ target }) => choose(target.value));
at("#actor").addEventListener("change", ({ target }) => {
  state.actor = target.value;
  edit();
});
at("#all").addEventListener("click", () => {
  state.all = !state.all;
  draw();
});
at("#user").addEventListener("submit", (submit) => {
  submit.preventDefault();
  const hash = `#${encodeURIComponent(at("#id").value.trim())}`;
  if (location.hash === hash) open();
  else location.hash = hash;
});
addEventListener("hashchange", open);
activity.start();
await open();

/** Does one thing after the other: what is compared with what was seen before must not be seen by two at once. */
function inTurn(work) {
  turn = turn.then(work, work);
  return turn;
}

/** Opens the user whom the address names. */
function open() {
  return inTurn(show);
}

async function show() {
  const user = named() || FIRST;
  const response = await fetch(`/_local/credentials?user=${encodeURIComponent(user)}`);
  if (!response.ok) return complain(`“${user}” can be nobody's id. ${RULE}`);
  complain("");
  credentials = await response.json();
  state.user = user;
  state.changes = [];
  say("");
  at("#id").value = user;
  at("#whose").textContent = user;
  document.title = `${user} – profile console`;
  state.views = await look();
  draw();
  edit();
  await list();
}

function named() {
  const hash = location.hash.slice(1);
  try {
    return decodeURIComponent(hash);
  } catch {
    return hash;
  }
}

/** Looks at the profile through all contracts. */
async function look() {
  const { profile, message } = await readProfile(state.user);
  state.profile = profile;
  at("#state").textContent = profile
    ? `version ${profile.version}, changed ${new Date(profile.updated_at).toLocaleString("en-GB")}`
    : `${message}; ${message.includes("erased") ? ANEW : CREATES}`;
  const seen = contracts.map(async (contract) => ({ id: contract.id, ...(await contract.view(credentials, profile)) }));
  return [comparison.stored(profile), ...(await Promise.all(seen))];
}

/** Offers the users that there are. */
async function list() {
  const users = await (await fetch("/_local/users")).json();
  fill(at("#users"), users.map(({ user_id: id }) => element("option", { value: id })));
}

function draw() {
  comparison.draw(state);
  at("#all").setAttribute("aria-pressed", String(state.all));
  at("#all").hidden = !state.all && comparison.hidden === 0;
  at("#all").textContent = `${state.all ? "Hide" : `Show ${comparison.hidden}`} attributes without a value`;
  for (const input of at("#contracts").querySelectorAll("input")) input.checked = input.value === state.chosen;
}

/** Edits through another contract. */
function choose(contract, andGo = false) {
  state.chosen = contract;
  draw();
  edit();
  if (!andGo) return;
  at("#change-title").scrollIntoView({ block: "nearest" });
  at("#change .field :is(input, select, textarea)")?.focus({ preventScroll: true });
}

function shownBy(contract) {
  return state.views.find(({ id }) => id === contract.id).shown;
}

function edit() {
  const contract = chosen();
  at("#change").dataset.contract = contract.id;
  at("#through").textContent = contract.name;
  const actor = contract.actor(state.actor);
  at("#as").textContent = {
    user: state.actor === "user" ? `as ${state.user}` : `as ${state.user}: this contract knows no administrators`,
    admin: "as an administrator",
    machine: "as a machine with an API key",
  }[actor];
  form.show(contract, state.actor, credentials, shownBy(contract));
}

function sent(exchange) {
  exchanges.add(exchange);
  activity.look();
}

/** Sends a change, and shows what became different. */
function change(body) {
  return inTurn(() => save(chosen(), body));
}

async function save(contract, body) {
  const exchange = await contract.change(credentials, state.actor, body, !state.profile);
  sent(exchange);
  if (!isDone(exchange)) return exchange;
  const before = state.views;
  state.views = await look();
  mark(before, `Saved through ${contract.name}.`);
  if (contract === chosen()) form.renew(shownBy(contract));
  await list();
  return exchange;
}

/** Somebody else may have changed this user. */
function changedElsewhere({ detail = {} }) {
  return inTurn(async () => {
    if (detail.user_id !== state.user || detail.version <= state.profile?.version) return;
    const before = state.views;
    state.views = await look();
    mark(before, `Changed by ${NAMES.get(detail.contract) ?? detail.origin ?? "somebody"}.`);
    form.store(shownBy(chosen()));
  });
}

/** Marks what is different from before, and says it. */
function mark(before, why) {
  state.changes = changes(before, state.views);
  draw();
  const seen = state.changes.filter(({ id }) => id !== "profile");
  const item = ({ id, attribute, before, after }) => {
    const what = ` ${attribute}: ${before || "nothing"} → ${after || "nothing"}`;
    return element("li", { "data-contract": id }, element("b", {}, NAMES.get(id)), what);
  };
  const said = element("p", {}, why, seen.length ? " What it changed:" : " Nothing is different.");
  fill(at("#effects"), said, seen.length > 0 && element("ul", {}, seen.map(item)));
}

function say(text) {
  fill(at("#effects"), text && element("p", {}, text));
}

function complain(text) {
  const place = at("#complaint");
  place.textContent = text;
  place.hidden = !text;
}
