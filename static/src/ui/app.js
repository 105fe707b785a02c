// The page: who is logged in decides which view is shown.

import { html, render } from "./view.js";
import { logIn, resume } from "./session.js";
import { user } from "./store.js";
import { Desk } from "./views/desk.js";
import { LogIn } from "./views/login.js";
import { Notices } from "./views/notices.js";

function App() {
  return html`
    ${user.value === "unknown"
      ? html`<p class="waiting" role="status">Connecting …</p>`
      : user.value
        ? html`<${Desk} />`
        : html`<${LogIn} logIn=${logIn} />`}
    <${Notices} />
  `;
}

const root = document.getElementById("app");
root.replaceChildren();
render(html`<${App} />`, root);
resume();
