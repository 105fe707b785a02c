// The desk of whoever is logged in.

import { html, useEffect } from "../view.js";
import { listenForKeys } from "../keys.js";
import { isAdministrator, isAgent } from "../session.js";
import { offers, user } from "../store.js";
import { EventLog } from "./eventlog.js";
import { Header } from "./header.js";
import { InteractionList } from "./list.js";
import { Offers } from "./offers.js";
import { SubmitForm } from "./submit.js";
import { Workbins } from "./workbins.js";
import { WorkArea } from "./work.js";

export function Desk() {
  useEffect(listenForKeys, []);
  const waiting = offers.value.length;
  useEffect(() => {
    document.title = waiting ? `(${waiting}) Invitation · Baton` : "Baton";
    return () => (document.title = "Baton");
  }, [waiting]);

  return html`
    <a class="skip" href="#work">Skip to the work area</a>
    <${Header} />
    <div class="desk">
      <div class="side">
        ${isAgent() && html`<${InteractionList} /><${Workbins} />`}
      </div>
      <main id="work" tabindex="-1">${isAgent() ? html`<${WorkArea} />` : html`<${NoAgent} />`}</main>
      <div class="side">
        <${SubmitForm} />
        <${EventLog} />
      </div>
    </div>
    ${isAgent() && html`<${Offers} />`}
  `;
}

function NoAgent() {
  return html`<section class="card empty">
    <h1>No desk for this user</h1>
    <p>
      ${user.value.userName} has the roles ${(user.value.roles ?? []).join(", ") || "none"}, and interactions are worked on
      by agents. The rest of the interface is open to you: see the <a href="docs">API documentation</a>${
        isAdministrator() && html`, and <a href="monitor">how the server does</a>`}.
    </p>
  </section>`;
}
