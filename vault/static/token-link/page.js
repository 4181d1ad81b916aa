"use strict";
// The secret leaves the address bar at once, so that it is in no history; it is sent when somebody asks.
const part = (id) => document.getElementById(id);

const given = decodeURIComponent(location.hash.slice(1));
if (given) {
  part("secret").value = given;
  history.replaceState(null, "", location.pathname);
}

function refuse(text) {
  part("problem").textContent = text;
  part("problem").hidden = false;
}

function show(issued) {
  part("team").textContent = issued.team;
  part("token").textContent = issued.token;
  part("scopes").textContent = issued.scopes.join(", ");
  part("ends").textContent = issued.expires_at ?? "when it is revoked";
  part("ask").hidden = true;
  part("shown").hidden = false;
}

part("form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const button = event.submitter ?? part("form").querySelector("button");
  button.disabled = true;
  part("problem").hidden = true;
  try {
    const answer = await fetch("/api/v1/token-links/redeem/", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ secret: part("secret").value.trim().replace(/^.*#/, "") }),
      credentials: "omit",
    });
    const content = await answer.json();
    if (answer.ok) {
      show(content);
    } else {
      refuse(content.detail);
    }
  } catch {
    refuse("The service did not answer. If the link says later that it was used, ask the organizer to revoke its token.");
  }
  button.disabled = false;
});

part("copy").addEventListener("click", () => navigator.clipboard?.writeText(part("token").textContent));
