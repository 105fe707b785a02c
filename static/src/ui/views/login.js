import { html, useState } from "../view.js";

/** `logIn` takes a name and a password, and fails where they are refused. */
export function LogIn({ logIn }) {
  const [busy, setBusy] = useState(false);
  const [refusal, setRefusal] = useState("");

  async function submit(event) {
    event.preventDefault();
    const form = new FormData(event.target);
    setBusy(true);
    setRefusal("");
    try {
      await logIn(form.get("userName"), form.get("password"));
    } catch (error) {
      setRefusal(error.httpStatus === 401 ? "The user name or the password is wrong." : error.message);
      setBusy(false);
    }
  }

  return html`<main class="login">
    <form class="card" onSubmit=${submit}>
      <h1><img src="ui/icon.svg" alt="" width="36" height="36" /> Baton</h1>
      <p class="muted">Log in to your contact centre.</p>
      <label>User name <input name="userName" autocomplete="username" required autocapitalize="none" spellcheck="false" /></label>
      <label>Password <input name="password" type="password" autocomplete="current-password" required /></label>
      <p class="refusal" role="alert">${refusal}</p>
      <button class="primary" disabled=${busy}>${busy ? "Logging in …" : "Log in"}</button>
      <p class="muted small"><a href="docs">API documentation</a></p>
    </form>
  </main>`;
}
