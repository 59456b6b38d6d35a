/** The widget's style sheet. A host page can set the `--lectern-…` properties; nothing else of it reaches in here. */
export const styles = `
:host {
  --paper: #fff; --sunken: #f5f2ec; --ink: #1c2524; --soft: #525d5b; --line: #e1dacd; --edge: #8a8578;
  --accent: var(--lectern-accent, #0b6a5d); --strong: #074f45; --on: var(--lectern-on-accent, #fff); --tint: #e2f0ec;
  --danger: #a3271c; --tint-danger: #fbe9e6; --warm: #fdf3d7; --focus: #0b57d0;
  --sans: var(--lectern-font, system-ui, sans-serif);
  color-scheme: light; font: 400 16px/1.5 var(--sans); color: var(--ink); position: fixed; z-index: var(--lectern-layer, 1000);
  inset-block-end: 0; inset-inline-end: 0;
}
@media (prefers-color-scheme: dark) {
  :host {
    --paper: #1a2120; --sunken: #111615; --ink: #e7ebe9; --soft: #a6b2af; --line: #313c39; --edge: #75827f;
    --accent: var(--lectern-accent, #70cfbb); --strong: #9be3d3; --on: var(--lectern-on-accent, #06231e); --tint: #17332e;
    --danger: #ff9d8f; --tint-danger: #3a1c18; --warm: #3a3116; --focus: #8ab4f8; color-scheme: dark;
  }
}
*, ::before, ::after { box-sizing: border-box; }
[hidden] { display: none !important; }
p, ul, ol, h2, fieldset { margin: 0; padding: 0; border: 0; }
ul, ol { padding-inline-start: 1.4em; }
button, input, textarea, select { font: inherit; color: inherit; }
button { cursor: pointer; }
svg { inline-size: 1.25em; block-size: 1.25em; flex: none; fill: none; stroke: currentcolor; stroke-width: 1.8; stroke-linecap: round; stroke-linejoin: round; }
a { color: var(--accent); text-underline-offset: .18em; }
:focus-visible { outline: 3px solid var(--focus); outline-offset: 2px; }
.sr { position: absolute; inline-size: 1px; block-size: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.launcher {
  position: fixed; inset-block-end: 1.1rem; inset-inline-end: 1.1rem; display: flex; align-items: center; gap: .6rem; min-block-size: 3.4rem;
  padding: 0 1.35rem; border: 0; border-radius: 999px; background: var(--accent); color: var(--on); font-weight: 600;
  box-shadow: 0 4px 18px rgb(0 0 0 / 22%);
}
.launcher:hover { background: var(--strong); }
.badge { min-inline-size: 1.5rem; padding: 0 .4rem; border-radius: 999px; background: var(--on); color: var(--strong); font-size: .85rem; line-height: 1.5rem; }
@media (prefers-color-scheme: dark) { .badge { color: var(--accent); } }
.panel {
  position: fixed; inset-block-end: 1.1rem; inset-inline-end: 1.1rem; display: flex; flex-direction: column; overflow: hidden;
  inline-size: min(27rem, calc(100vw - 2rem)); block-size: min(46rem, calc(100dvh - 2rem));
  border: 1px solid var(--line); border-radius: 18px; background: var(--paper); box-shadow: 0 10px 44px rgb(0 0 0 / 24%);
}
header { display: flex; align-items: center; gap: .7rem; padding-block: .7rem; padding-inline: 1rem .6rem; background: var(--tint); border-block-end: 1px solid var(--line); }
.mark { display: grid; place-items: center; inline-size: 2.3rem; block-size: 2.3rem; border-radius: 11px; background: var(--accent); color: var(--on); }
.head { flex: 1; min-inline-size: 0; }
h2 { font-size: 1.05rem; font-weight: 650; line-height: 1.25; }
.status { font-size: .88rem; line-height: 1.35; color: var(--soft); }
[data-state="bot"] .status::before, [data-state="agent"] .status::before { content: ""; display: inline-block; inline-size: .5rem; block-size: .5rem; margin-inline-end: .4rem; border-radius: 50%; background: #23a06b; }
.identity { padding: .35rem 1rem; font-size: .82rem; color: var(--soft); border-block-end: 1px solid var(--line); }
.banner { padding: .55rem 1rem; font-size: .9rem; background: var(--warm); border-block-end: 1px solid var(--line); }
.round { display: grid; place-items: center; flex: none; inline-size: 44px; block-size: 44px; border: 0; border-radius: 50%; background: none; }
.round:hover { background: var(--line); color: var(--ink); }
.sheet { flex: 1; overflow-y: auto; padding: .5rem 1rem 1rem; }
.sheet:not([hidden]) ~ * { display: none; }
h3 { margin: .2rem 0 .6rem; font-size: 1.05rem; overflow-wrap: anywhere; }
.sheet > .reply { inline-size: 100%; margin-block-end: .5rem; }
.reply .help { display: block; font-weight: 400; }
.menu { position: relative; }
.menu summary { list-style: none; font-size: 1.3rem; }
.menu div { position: absolute; z-index: 1; inset-inline-end: 0; display: grid; justify-items: start; inline-size: max-content; padding: .3rem; border: 1px solid var(--edge); border-radius: 12px; background: var(--paper); }
.log { position: relative; flex: 1; min-block-size: 0; display: flex; }
.scroller { position: relative; flex: 1; overflow-y: auto; overscroll-behavior: contain; padding: 1rem; }
.scroller:focus-visible { outline-offset: -3px; }
.more { position: absolute; inset-block-end: .6rem; inset-inline: 0; margin-inline: auto; inline-size: fit-content; display: flex; align-items: center; gap: .4rem; min-block-size: 44px; padding: 0 1rem; border: 1px solid var(--edge); border-radius: 999px; background: var(--paper); font-weight: 550; box-shadow: 0 3px 12px rgb(0 0 0 / 18%); }
.list { display: flex; flex-direction: column; gap: .9rem; }
.entry { display: flex; flex-direction: column; align-items: flex-start; max-inline-size: 100%; }
.bubble { max-inline-size: 94%; padding: .6rem .9rem; border-radius: 4px 16px 16px; background: var(--sunken); overflow-wrap: anywhere; }
.body > * + *, .bubble > * + * { margin-block-start: .55rem; }
.body li + li { margin-block-start: .25rem; }
.body code { padding: 0 .25em; border-radius: 4px; background: var(--line); }
.bubble:has(.step) { min-inline-size: 100%; }
.learner { align-items: flex-end; }
.learner .bubble { max-inline-size: 85%; border-radius: 16px 4px 16px 16px; background: var(--accent); color: var(--on); white-space: pre-wrap; }
.learner.pending .bubble { opacity: .75; }
.learner.failed .bubble { background: var(--tint-danger); color: var(--ink); box-shadow: inset 0 0 0 1px var(--danger); }
.learner.failed .meta { color: var(--danger); max-inline-size: 85%; text-align: end; }
.agent .bubble { background: var(--tint); }
.system { align-items: center; }
.system .bubble { padding: .3rem .8rem; border-radius: 10px; background: none; color: var(--soft); font-size: .9rem; text-align: center; }
.who { font-size: .82rem; font-weight: 600; margin-block-end: .15rem; }
.meta { display: flex; flex-wrap: wrap; align-items: center; justify-content: flex-end; gap: 0 .6rem; margin-block-start: .15rem; font-size: .8rem; color: var(--soft); }
.text { min-block-size: 44px; padding: 0 .3rem; border: 0; background: none; color: var(--accent); font-size: .92rem; font-weight: 550; text-decoration: underline; text-underline-offset: .2em; }
.tools .text { margin-block-end: -.4rem; }
.text:hover { color: var(--strong); }
.replies, .row { display: flex; flex-wrap: wrap; gap: .5rem; margin-block-start: .6rem; }
.reply { min-block-size: 44px; padding: .4rem 1rem; border: 1px solid var(--accent); border-radius: 12px; background: var(--paper); color: var(--accent); font-weight: 600; line-height: 1.3; text-align: start; overflow-wrap: anywhere; }
.reply:hover { background: var(--tint); }
.reply.primary { background: var(--accent); color: var(--on); }
.reply.primary:hover { background: var(--strong); }
.reply.danger { border-color: var(--danger); color: var(--danger); }
.reply.danger:hover { background: var(--tint-danger); }
.reply[aria-disabled], .reply:disabled { border-color: var(--line); background: var(--sunken); color: var(--soft); cursor: default; }
.reply.chosen { border-color: var(--accent); background: var(--tint); color: var(--ink); }
.reply.chosen::after { content: " ✓"; }
.citations { display: flex; flex-direction: column; padding: 0; margin-block-end: -.4rem; list-style: none; border-block-start: 1px solid var(--line); }
.citations a { display: flex; align-items: center; gap: .45rem; min-block-size: 44px; font-size: .92rem; line-height: 1.3; }
.proposal { display: flex; align-items: center; gap: .45rem; font-size: .88rem; color: var(--soft); padding-block-start: .5rem; border-block-start: 1px solid var(--line); font-variant-numeric: tabular-nums; }
.proposal.open { color: var(--ink); font-weight: 550; }
.feedback { display: flex; align-items: center; gap: .1rem; font-size: .84rem; color: var(--soft); }
.thumb { display: grid; place-items: center; inline-size: 44px; block-size: 44px; border: 0; border-radius: 50%; background: none; color: var(--soft); }
.thumb[aria-pressed="true"] { color: var(--accent); background: var(--tint); }
.thumb.down svg { rotate: 180deg; }
.step, .rating { display: grid; gap: .4rem; padding: .8rem; margin-block-start: .6rem; border: 1px solid var(--line); border-radius: 12px; background: var(--paper); }
.step label, .rating label, legend { display: flex; align-items: center; gap: .45rem; padding: 0; font-weight: 600; font-size: .95rem; }
.step .check { font-weight: 400; min-block-size: 44px; }
.check input { inline-size: 1.25rem; block-size: 1.25rem; flex: none; accent-color: var(--accent); }
.step input:not([type="checkbox"]), .step textarea, .step select, .rating textarea, .write textarea {
  inline-size: 100%; min-block-size: 44px; padding: .55rem .75rem; border: 1px solid var(--edge); border-radius: 10px; background: var(--paper); resize: vertical;
}
[aria-invalid] { border-color: var(--danger) !important; }
details label { margin-block-start: .7rem; }
summary { min-block-size: 44px; align-content: center; font-weight: 600; cursor: pointer; }
.help { font-size: .86rem; color: var(--soft); }
.error { color: var(--danger) !important; font-size: .9rem; font-weight: 550; }
.stars { display: flex; }
.rating .star { position: relative; justify-content: center; inline-size: 44px; block-size: 44px; font-size: 1.9rem; font-weight: 400; color: var(--edge); cursor: pointer; }
.star input { position: absolute; inset: 0; opacity: 0; margin: 0; cursor: pointer; }
.rating .star:has(input:checked), .rating .star:has(~ .star input:checked) { color: var(--accent); }
.star:has(:focus-visible) { outline: 3px solid var(--focus); border-radius: 8px; }
.problem { display: grid; gap: .5rem; justify-items: start; padding: .8rem 1rem; border-block-start: 1px solid var(--line); background: var(--tint-danger); }
.composer { padding: .7rem .8rem; border-block-start: 1px solid var(--line); }
.write { display: flex; align-items: flex-end; gap: .5rem; }
.write textarea { max-block-size: 9rem; border-radius: 22px; padding-inline: 1rem; line-height: 1.4; resize: none; }
.write textarea::placeholder { color: var(--soft); opacity: 1; }
.send { background: var(--accent); color: var(--on); }
.count { padding: .2rem .6rem; font-size: .84rem; color: var(--soft); }
.tools { display: flex; justify-content: center; gap: 1rem; }
.typing { display: flex; align-items: center; gap: .25rem; margin-block-start: .8rem; font-size: .88rem; color: var(--soft); }
.typing i { inline-size: .4rem; block-size: .4rem; border-radius: 50%; background: currentcolor; animation: blink 1.2s infinite; }
.typing span { margin-inline-end: .3rem; }
.typing i:nth-of-type(2) { animation-delay: .2s; }
.typing i:nth-of-type(3) { animation-delay: .4s; }
@keyframes blink { 0%, 60%, 100% { opacity: .25; } 30% { opacity: 1; } }
@media (prefers-reduced-motion: no-preference) {
  .panel { animation: rise .18s ease-out; }
  .entry { animation: rise .18s ease-out; }
  @keyframes rise { from { opacity: 0; translate: 0 .5rem; } }
}
@media (prefers-reduced-motion: reduce) { .typing i { animation: none; opacity: .6; } }
@media (forced-colors: active) { .bubble, .launcher, .reply, .send { border: 1px solid; } }
@media (max-width: 479px) {
  .launcher { padding: 0; inline-size: 3.4rem; justify-content: center; }
  .launcher .label { display: none; }
  .badge { position: absolute; inset-block-start: -.4rem; inset-inline-end: -.3rem; }
  .panel { inset: 0; inline-size: 100%; block-size: 100dvh; border: 0; border-radius: 0; padding-block-end: env(safe-area-inset-bottom); }
}
@media (max-height: 400px) { .identity { display: none; } .composer { padding-block: .3rem; } .tools { display: none; } }
@media print { :host { display: none; } }
`;
