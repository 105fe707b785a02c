// Who is logged in: log in, come back after a reload, read the state again, log out.

import * as api from "./api.js";
import * as push from "./push.js";
import { hear, readWorkbin, takeSnapshot } from "./interactions.js";
import { addNotice, channels, clear, queues, user, users, workbinContents, workbins } from "./store.js";

api.whenUnauthorized(sessionEnded);

/** Resumes the session of the cookie, if there is one. */
export async function resume() {
  try {
    await begin();
  } catch (error) {
    user.value = null;
    if (error.httpStatus !== 401) {
      addNotice("error", error.message);
    }
  }
}

export async function logIn(userName, password) {
  await api.post("/login", { userName, password });
  await begin();
}

export async function logOut() {
  push.close();
  try {
    await api.post("/me", { operationName: "EndContactCenterSession" });
  } catch {
    // The session may be over already; the cookie goes in any case.
  }
  await api.post("/logout").catch(() => {});
  clear();
  user.value = null;
}

export async function setReady(channel, ready) {
  await api.post(`/me/channels/${encodeURIComponent(channel)}`, { operationName: ready ? "Ready" : "NotReady" });
  await readChannels();
}

export function isAdministrator() {
  return Boolean(user.value?.roles?.includes("admin"));
}

export function isAgent(who = user.value) {
  return Boolean(who?.roles?.includes("agent"));
}

async function begin() {
  let me = (await api.get("/me")).user;
  queues.value = (await api.get("/queues?fields=*").catch(() => ({}))).queues ?? [];
  if (isAgent(me) && !me.loggedIn) {
    await startContactCentreSession();
    me = (await api.get("/me")).user;
  }
  user.value = me;
  push.open({ onMessage: hear, onReady: readAgain, onRefused: sessionEnded });
}

async function startContactCentreSession() {
  const known = queues.value.map((queue) => queue.channel).filter(Boolean);
  const wanted = [...new Set(["chat", "email", "workitem", ...known])];
  await api.post("/me", { operationName: "StartContactCenterSession", channels: wanted });
}

/** Reads everything the notifications cannot have told while there was no connection. */
async function readAgain() {
  try {
    const reads = [readUsers()];
    if (isAgent()) {
      reads.push(readChannels(), takeSnapshot(), readWorkbins(), ...Object.keys(workbinContents.value).map(readWorkbin));
    }
    await Promise.all(reads);
  } catch (error) {
    if (error.httpStatus !== 401) {
      addNotice("error", `The state could not be read: ${error.message}`);
    }
  }
}

async function readChannels() {
  channels.value = (await api.get("/me/channels")).channels ?? [];
}

async function readWorkbins() {
  workbins.value = (await api.get("/me/workbins?fields=*")).workbins ?? [];
}

async function readUsers() {
  users.value = (await api.get("/users?fields=*").catch(() => ({}))).users ?? [];
}

/** Somebody was logged in, and the server knows nothing of it any more: another window, or time, ended it. */
function sessionEnded() {
  if (!user.value?.userName) {
    return;
  }
  push.close();
  clear();
  user.value = null;
  addNotice("error", "Your session has ended. Log in again.");
}
