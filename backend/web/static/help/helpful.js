/** "Was this page helpful?" answered in place. Without JavaScript the form is sent and the page says thank you. */
export function helpful(section) {
  const form = section.querySelector("form");
  const status = section.querySelector("[data-helpful-status]");
  form?.addEventListener("submit", async (event) => {
    event.preventDefault();
    const answer = event.submitter.value;
    form.querySelectorAll("button").forEach((button) => (button.disabled = true));
    try {
      // Who came for a section means that section.
      const body = new URLSearchParams({ helpful: answer, section: location.hash.slice(1) });
      const reply = await fetch(form.action, { method: "POST", body, headers: { "X-Requested-With": "fetch" } });
      if (!reply.ok) throw new Error(String(reply.status));
      form.hidden = true;
      status.textContent = answer === "yes" ? "Thank you. Good to know." : "Thank you. The desk can help with what is missing here: ask in the chat.";
    } catch {
      form.querySelectorAll("button").forEach((button) => (button.disabled = false));
      status.textContent = "That didn't get through. Please try again.";
    }
  });
}
