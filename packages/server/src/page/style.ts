/** The style sheet of both pages, light and dark. */
export const style = `
:root { color-scheme: light dark; --text: #1b2330; --soft: #566070; --line: #d5dae2; --back: #fff; --box: #f5f7fa; --accent: #2456a6; --bad: #a3261c; }
@media (prefers-color-scheme: dark) {
  :root { --text: #e6e9ee; --soft: #a3acba; --line: #39414e; --back: #14181f; --box: #1d232d; --accent: #8ab4f8; --bad: #ff9d92; }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--back); color: var(--text); font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 46rem; margin: 0 auto; padding: 1.5rem 1rem 3rem; }
h1 { margin: 0 0 .5rem; font-size: 1.6rem; overflow-wrap: anywhere; }
h2 { font-size: 1.15rem; margin: 2rem 0 .5rem; }
p { margin: .5rem 0 1rem; overflow-wrap: anywhere; }
a { color: var(--accent); }
input[type=password] { font: inherit; padding: .3rem .5rem; border: 1px solid var(--line); border-radius: .4rem; background: var(--box); color: inherit; width: 16rem; max-width: 100%; }
.drop { display: grid; place-items: center; min-height: 9rem; padding: 1rem; border: 2px dashed var(--soft); border-radius: .8rem; background: var(--box); text-align: center; cursor: pointer; }
.drop:hover, .drop.over, .drop:focus-within { border-color: var(--accent); }
.drop:focus-within { outline: 3px solid var(--accent); outline-offset: 2px; }
.drop b { color: var(--accent); }
.drop input { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
#status { color: var(--soft); min-height: 1.5rem; }
#results { list-style: none; margin: 0; padding: 0; display: grid; gap: .8rem; }
#results li { display: flex; gap: 1rem; padding: .8rem; border: 1px solid var(--line); border-radius: .8rem; }
#results img { width: 7rem; height: 7rem; flex: none; object-fit: cover; border-radius: .5rem; background: var(--box); }
#results li > div { flex: 1; min-width: 0; }
#results h2 { margin: 0 0 .4rem; font-size: .9rem; font-weight: 400; color: var(--soft); overflow-wrap: anywhere; }
.class { display: grid; grid-template-columns: 1fr auto; column-gap: .8rem; margin-bottom: .3rem; }
.class span:first-child { overflow-wrap: anywhere; }
.class span:nth-child(2) { font-variant-numeric: tabular-nums; }
.class:first-of-type { font-weight: 600; }
meter { grid-column: 1 / -1; appearance: none; width: 100%; height: .4rem; border: 0; border-radius: .2rem; background: var(--box); }
meter::-webkit-meter-bar { height: .4rem; border: 0; border-radius: .2rem; background: var(--box); }
meter::-webkit-meter-optimum-value { background: var(--accent); border-radius: .2rem; }
meter::-moz-meter-bar { background: var(--accent); border-radius: .2rem; }
.failure { color: var(--bad); margin: 0; }
.operation { border: 1px solid var(--line); border-radius: .8rem; padding: .8rem 1rem; margin-bottom: .8rem; }
.operation h3 { margin: 0; font-size: 1rem; overflow-wrap: anywhere; }
.operation h3 b { color: var(--accent); }
.operation p { margin: .4rem 0; }
dl { margin: 0; font-size: .9rem; }
dl > div { display: flex; gap: .8rem; border-top: 1px solid var(--line); padding: .25rem 0; }
dt { flex: 0 0 4rem; font-weight: 600; }
dd { margin: 0; color: var(--soft); min-width: 0; overflow-wrap: anywhere; }
@media (max-width: 30rem) { #results img { width: 5rem; height: 5rem; } }
`;
