/** The style of the pages: system fonts, one accent, light and dark, screen and paper. */

// The series are the palette of Okabe and Ito (2008), brightened for a dark page.
export const style = `
:root{color-scheme:light dark;--paper:#fff;--raised:#f6f7f9;--ink:#1b1f24;--muted:#5c6570;--line:#dfe3e8;--accent:#0a5fb4;--wash:#eaf2fb;
--series-0:#0072b2;--series-1:#d55e00;--series-2:#009e73;--series-3:#b5578f;--series-4:#b98600;--series-5:#3f9fd6;--series-6:#6b4fa0;--series-7:#6b7280}
@media screen and (prefers-color-scheme:dark){:root{--paper:#14171b;--raised:#1c2026;--ink:#e6e9ed;--muted:#9aa4b0;--line:#323941;--accent:#6cb2f5;--wash:#1a2837;
--series-0:#56b4e9;--series-1:#ff9248;--series-2:#3ecfa0;--series-3:#e59cc6;--series-4:#f0c24b;--series-5:#9ad2f2;--series-6:#b39ae6;--series-7:#a4adb8}}
*{box-sizing:border-box}
html{scroll-behavior:smooth;scroll-padding-top:1rem;-webkit-text-size-adjust:100%}
body{margin:0;background:var(--paper);color:var(--ink);font:1rem/1.6 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",sans-serif;font-variant-numeric:tabular-nums}
main,.page-header,footer{max-width:50rem;margin:0 auto;padding:0 1.25rem}
.page-header{padding-top:3rem}
p,li,figcaption{max-width:68ch;text-wrap:pretty;overflow-wrap:anywhere}
a{color:var(--accent);text-underline-offset:.15em}
:focus-visible{outline:2px solid var(--accent);outline-offset:2px;border-radius:2px}
h1,h2,h3,h4{line-height:1.25;text-wrap:balance;overflow-wrap:anywhere}
h1{font-size:2rem;margin:.2rem 0 .4rem;letter-spacing:-.015em}
h2{font-size:1.45rem;margin:0 0 1rem;letter-spacing:-.01em}
h3{font-size:1.05rem;margin:2rem 0 .5rem}
h4{font-size:.95rem;margin:1.2rem 0 .4rem;font-weight:600}
.kicker{margin:0;color:var(--muted);font-size:.9rem}
.verdict{font-size:1.2rem;line-height:1.5;margin:1rem 0 0}
section{padding:2.5rem 0 1rem;border-top:1px solid var(--line);margin-top:2rem}
.facts{display:grid;grid-template-columns:repeat(auto-fit,minmax(7.6rem,1fr));gap:1rem 1.2rem;margin:2rem 0 0;padding:0}
.facts div{border-top:2px solid var(--accent);padding-top:.5rem}
.facts dt{color:var(--muted);font-size:.85rem}
.facts dd{margin:0;font-size:1.45rem;font-weight:600;line-height:1.3;letter-spacing:-.01em}
.facts small{display:block;font-size:.8rem;font-weight:400;color:var(--muted);letter-spacing:0}
.steps{margin:2rem 0 0;padding:1rem 1.25rem;background:var(--wash);border-radius:.6rem}
.steps h2{font-size:1.05rem;margin:0 0 .4rem}
.steps ol{margin:0;padding-left:1.3rem}
.steps li{margin:.4rem 0}
nav{margin:2rem 0 0;font-size:.92rem}
nav ul{list-style:none;display:flex;flex-wrap:wrap;gap:.15rem 1.1rem;margin:0;padding:0}
nav a{text-decoration:none;display:inline-block;padding:.2rem 0}
nav a:hover{text-decoration:underline}
figure{margin:1.5rem 0;min-width:0}
figure h3{margin-top:0}
figcaption{color:var(--muted);font-size:.88rem;line-height:1.5;margin-top:.6rem}
.chart svg{display:block;max-width:100%;height:auto;overflow:visible}
.narrow{display:none}
.legend{list-style:none;display:flex;flex-wrap:wrap;gap:.1rem 1rem;margin:0 0 .6rem;padding:0;font-size:.85rem;color:var(--muted)}
.legend i{display:inline-block;width:.7rem;height:.7rem;border-radius:50%;margin-right:.4rem}
.mark-accent{background:var(--accent)}.mark-ink{background:var(--ink)}.mark-muted{background:var(--muted)}
.mark-0{background:var(--series-0)}.mark-1{background:var(--series-1)}.mark-2{background:var(--series-2)}.mark-3{background:var(--series-3)}
.mark-4{background:var(--series-4)}.mark-5{background:var(--series-5)}.mark-6{background:var(--series-6)}.mark-7{background:var(--series-7)}
.pair{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(20rem,100%),1fr));gap:1.5rem 2.5rem;align-items:start}
.pair>figure{margin:.5rem 0}
details{margin:.6rem 0;font-size:.9rem}
summary{cursor:pointer;color:var(--muted);width:max-content;max-width:100%}
summary:hover{color:var(--ink)}
.scroll{overflow-x:auto;margin:.6rem 0}
table{border-collapse:collapse;font-size:.88rem;line-height:1.4}
th,td{padding:.35rem .9rem .35rem 0;text-align:right;vertical-align:top;border-bottom:1px solid var(--line)}
th:first-child,td:first-child{text-align:left}
tbody th{font-weight:500;min-width:7rem;max-width:24rem;overflow-wrap:break-word}
thead th{color:var(--muted);font-weight:500;vertical-align:bottom}
table.texts th,table.texts td{text-align:left}
td code,table.numbers td,table.numbers thead th{white-space:nowrap}
td code.hash{white-space:normal;overflow-wrap:normal}
code,pre{font:0.85em/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;overflow-wrap:anywhere}
pre{background:var(--raised);border-radius:.5rem;padding:1rem;overflow:auto;max-height:32rem}
.note{border-left:3px solid var(--line);padding-left:.8rem;color:var(--muted)}
.cards{list-style:none;margin:1.2rem 0 0;padding:0;display:grid;grid-template-columns:repeat(auto-fill,minmax(min(21rem,100%),1fr));gap:2rem}
.card{display:grid;grid-template-columns:8.5rem minmax(0,1fr);gap:.7rem 1rem;align-content:start;align-items:start}
.card p{margin:0 0 .3rem;font-size:.9rem;line-height:1.4}
.card img,.card .missing{width:100%;aspect-ratio:1;object-fit:contain;background:var(--raised);border-radius:.5rem;height:auto}
.card>p{grid-column:1/-1}
.maps{grid-column:1/-1;list-style:none;margin:0;padding:0;display:grid;grid-template-columns:repeat(auto-fill,minmax(4.8rem,1fr));gap:.6rem}
.maps img{display:block}
.maps span{display:block;font-size:.76rem;line-height:1.35;color:var(--muted);overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
.maps li:first-child span{color:var(--ink)}
.scale{color:var(--muted);font-size:.85rem}
.scale svg{display:inline-block;vertical-align:baseline;width:7rem;height:.6rem;margin:0 .4rem;border-radius:.2rem}
.card .path{color:var(--muted);font-size:.78rem;margin:.4rem 0 0}
.missing{display:grid;place-content:center;text-align:center;color:var(--muted);font-size:.8rem;padding:.5rem}
.opinions{width:100%;font-size:.78rem;margin:0}
.opinions th,.opinions td{border:0;padding:.08rem 0 .08rem .4rem;vertical-align:middle}
.opinions th{padding-left:0;min-width:0;font-weight:400;color:var(--muted);max-width:6.5rem;overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
.opinions td:last-child{width:3.6rem;white-space:nowrap}
.bar svg{display:block;width:100%;height:.45rem}
.track{fill:var(--line)}.fill-accent{fill:var(--accent)}.fill-ink{fill:var(--ink)}.fill-muted{fill:var(--muted)}
.sheet{list-style:none;margin:0;padding:0;display:grid;grid-template-columns:repeat(auto-fill,minmax(4.8rem,1fr));gap:.5rem}
.sheet img,.sheet .missing{display:block;width:100%;height:auto;aspect-ratio:1;object-fit:cover;border-radius:.4rem;background:var(--raised)}
.diagram ol,.diagram ul{list-style:none;margin:0;padding:0}
.diagram ol{display:flex;flex-direction:column;align-items:center}
.diagram ol>li{position:relative}
.diagram ol>li+li{margin-top:1.6rem}
.diagram ol>li+li::before{content:"";position:absolute;left:50%;top:-1.6rem;height:1.6rem;border-left:1.5px solid var(--muted)}
.diagram ul{display:flex;flex-wrap:wrap;justify-content:center;gap:.8rem;padding:.8rem;border:1.5px dashed var(--line);border-radius:.8rem}
.box{border:1.5px solid var(--muted);border-radius:.5rem;padding:.45rem .9rem;background:var(--paper);text-align:center;font-weight:600;font-size:.92rem;line-height:1.35}
.box small{display:block;font-weight:400;font-size:.8rem;color:var(--muted)}
.strong{border-color:var(--accent);background:var(--wash)}
footer{color:var(--muted);font-size:.85rem;padding-top:2rem;padding-bottom:4rem}
@media screen and (max-width:719px){.wide{display:none}.narrow{display:block}.page-header{padding-top:1.5rem}h1{font-size:1.6rem}.verdict{font-size:1.08rem}
.facts{grid-template-columns:1fr 1fr}.facts dd{font-size:1.2rem}}
@media print{:root{color-scheme:light}.wide{display:block}.narrow{display:none}.facts{grid-template-columns:repeat(5,1fr)}body{font-size:10pt}nav,summary{display:none}section{break-inside:auto;border:0;margin:0;padding:1rem 0}
figure,.card,tr,.steps{break-inside:avoid}h2,h3,h4{break-after:avoid}main,.page-header,footer{max-width:none;padding:0}pre{max-height:none}.chart svg{max-width:16cm}}
`;
