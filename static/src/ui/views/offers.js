// Invitations: a tray of cards with their countdown. A card never vanishes without saying why.
//
// The card is an alertdialog, but the keyboard focus moves to it only when it is nowhere in use:
// an invitation must not swallow what is being typed, nor be accepted by a stray Enter.

import { html, useEffect, useId, useRef, useState } from "../view.js";
import { serverNowMs } from "../api.js";
import { accept, perform, titleOf } from "../interactions.js";
import { dismissEndedOffer, endedOffers, offers } from "../store.js";
import { Icon } from "./icons.js";

export function Offers() {
  return html`<section class="offers" aria-label="Invitations">
    ${offers.value.map(
      (offer, at) => html`<${Offer} key=${offer.invitation?.ticketId ?? offer.id} offer=${offer} at=${at} of=${offers.value.length} />`,
    )}
    <div role="status" aria-live="polite">
      ${endedOffers.value.map((ended) => html`<${EndedOffer} key=${ended.key} ended=${ended} />`)}
    </div>
  </section>`;
}

function Offer({ offer, at, of }) {
  const id = useId();
  const card = useRef(null);
  const [busy, setBusy] = useState(false);
  const leftMs = useTimeLeft(offer.invitation);
  const seconds = Math.ceil(leftMs / 1000);
  const totalMs = offer.invitation?.timeoutMs || 30000;
  const can = (name) => offer.capabilities?.includes(name) ?? true;

  useEffect(() => {
    if (document.activeElement === document.body) {
      card.current.focus();
    }
  }, []);

  async function decide(act) {
    setBusy(true);
    await act();
    setBusy(false);
    document.getElementById("work")?.focus();
  }

  return html`<article
    ref=${card} class="card offer ${seconds <= 5 ? "is-urgent" : ""}" tabindex="-1"
    role="alertdialog" aria-labelledby="${id}-title" aria-describedby="${id}-facts"
  >
    <header>
      <span class="medium"><${Icon} name=${offer.mediaType} />${offer.mediaType}</span>
      ${of > 1 && html`<span class="muted small">${at + 1} of ${of}</span>`}
      <span class="countdown" aria-hidden="true">${seconds} s</span>
    </header>
    <h2 id="${id}-title"><span class="hidden">Invitation: </span>${titleOf(offer)}</h2>
    <progress max=${totalMs} value=${Math.min(leftMs, totalMs)} aria-label="Time left to accept"></progress>
    <dl class="facts" id="${id}-facts">
      <div><dt>Queue</dt><dd>${offer.interactionQueue ?? "none"}</dd></div>
      <div><dt>Received</dt><dd>${timeOf(offer.receivedDate)}</dd></div>
      ${offer.interactionSubtype && html`<div><dt>Kind</dt><dd>${offer.interactionSubtype}</dd></div>`}
    </dl>
    <p class="hidden" role="status">${tensOf(seconds)}</p>
    <footer>
      ${can("Accept") &&
      html`<button type="button" class="primary" aria-keyshortcuts="Alt+A" disabled=${busy} onClick=${() => decide(() => accept(offer.id))}>Accept</button>`}
      ${can("Reject") &&
      html`<button type="button" aria-keyshortcuts="Alt+X" disabled=${busy} onClick=${() => decide(() => perform(offer.id, "Reject"))}>Reject</button>`}
    </footer>
  </article>`;
}

function EndedOffer({ ended: { key, interaction, cause } }) {
  return html`<article class="card offer is-ended">
    <header>
      <span class="medium"><${Icon} name=${interaction.mediaType} />${interaction.mediaType}</span>
      <button type="button" class="quiet" aria-label="Dismiss ${titleOf(interaction)}" onClick=${() => dismissEndedOffer(key)}>
        <${Icon} name="close" />
      </button>
    </header>
    <p class="ended-title">${titleOf(interaction)}</p>
    <p class="cause">${cause}</p>
  </article>`;
}

/** Milliseconds until the server's deadline, by the server's clock. */
function useTimeLeft(invitation) {
  const deadline = Date.parse(invitation?.expiresAt ?? "");
  const left = () => Math.max(0, (Number.isNaN(deadline) ? serverNowMs() : deadline) - serverNowMs());
  const [leftMs, setLeftMs] = useState(left);
  useEffect(() => {
    setLeftMs(left());
    const timer = setInterval(() => setLeftMs(left()), 250);
    return () => clearInterval(timer);
  }, [deadline]);
  return leftMs;
}

/** Spoken every ten seconds only. */
function tensOf(seconds) {
  return seconds > 0 ? `${Math.ceil(seconds / 10) * 10} seconds or less to accept` : "";
}

/** The reference writes "2031-01-02 03:04:05.000+0000", which browsers do not all read. */
export function timeOf(text) {
  const at = new Date(String(text ?? "").replace(" ", "T").replace(/([+-]\d\d)(\d\d)$/, "$1:$2"));
  return Number.isNaN(at.getTime()) ? "unknown" : at.toLocaleTimeString();
}
