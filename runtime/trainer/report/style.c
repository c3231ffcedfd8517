/* style.c: the page's style sheet, in pieces that C99 takes. Colours are variables with two sets of values, light and dark; the plots use the same.
 * Series colours differ in lightness as well as in hue, so that they stay apart for colour-blind readers. */
#include "page.h"

const char *const seqrt_page_style[] = {
    ":root{color-scheme:light dark;--paper:#fdfcfa;--card:#f5f3ee;--ink:#1c1e21;--muted:#5f646b;--grid:#e4e1da;--rule:#d6d2c9;"
    "--heat:0 92 158;--on-heat:#fff;--s0:#0068b0;--s1:#c24a00;--s2:#00805a;--s3:#9a4a8f;--s4:#8a6a00;--s5:#2a97b8;--s6:#7d4a2d;"
    "--base:#73777d;--mix:42%}\n",
    "@media(prefers-color-scheme:dark){:root{--paper:#15171a;--card:#1d2024;--ink:#e8e6e1;--muted:#9da2a9;--grid:#2b2f34;"
    "--rule:#3a3f45;--heat:88 172 236;--on-heat:#0c0e10;--s0:#5cb0ee;--s1:#f58d4e;--s2:#3cc497;--s3:#d993cd;--s4:#d8b84a;"
    "--s5:#7fd6ee;--s6:#c99a78;--base:#a3a7ad;--mix:48%}}\n",
    ":root{--faint-s0:color-mix(in srgb,var(--s0) var(--mix),var(--paper));--faint-s1:color-mix(in srgb,var(--s1) var(--mix),var(--paper));--faint-s2:color-mix(in srgb,var(--s2) var(--mix),var(--paper));--faint-s3:color-mix(in srgb,var(--s3) var(--mix),var(--paper));"
    "--faint-s4:color-mix(in srgb,var(--s4) var(--mix),var(--paper));--faint-s5:color-mix(in srgb,var(--s5) var(--mix),var(--paper));--faint-s6:color-mix(in srgb,var(--s6) var(--mix),var(--paper));--faint-base:color-mix(in srgb,var(--base) var(--mix),var(--paper))}\n",
    "*{box-sizing:border-box}\n",
    "html{font:17px/1.55 system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue','Noto Sans','Liberation Sans',Arial,sans-serif;"
    "-webkit-text-size-adjust:100%;background:var(--paper);color:var(--ink)}\n",
    "body{margin:0 auto;max-width:54rem;padding:3.2rem 1.5rem 4rem;font-variant-numeric:lining-nums tabular-nums}\n",
    "h1{font-size:2.5rem;line-height:1.1;letter-spacing:-.022em;font-weight:680;margin:0 0 .5rem;text-wrap:balance}\n",
    "h2{font-size:1.22rem;line-height:1.3;letter-spacing:-.008em;font-weight:650;margin:3.2rem 0 .9rem;text-wrap:balance}\n",
    "p{margin:0 0 .8rem;max-width:44rem;text-wrap:pretty}\n",
    ".task{color:var(--muted);font-size:.94rem;margin-bottom:1.7rem}\n",
    ".finding{font-size:1.32rem;line-height:1.42;letter-spacing:-.006em;max-width:none;margin:0 0 1.6rem;padding-left:1rem;border-left:4px solid var(--s0)}\n",
    "figure{margin:0 0 1.2rem}\n",
    "figcaption,.caption{color:var(--muted);font-size:.9rem;line-height:1.5;max-width:44rem;margin-top:.8rem}\n",
    "figcaption b,.caption b{color:var(--ink);font-weight:600}\n",
    "svg{display:block;width:100%;height:auto;color:var(--ink);overflow:visible;font-family:inherit}\n",
    ".scroll{overflow-x:auto}\n",
    "table{border-collapse:collapse;font-size:.92rem;line-height:1.35;margin:0}\n",
    ".wide{width:100%}\n",
    "th{font-weight:600;color:var(--muted);text-align:right;vertical-align:bottom;padding:.3rem .6rem .45rem;border-bottom:1.5px solid var(--rule)}\n",
    "td{text-align:right;padding:.42rem .6rem;border-bottom:1px solid var(--grid);white-space:nowrap}\n",
    "th:first-child,td:first-child{padding-left:0}\nth:last-child,td:last-child{padding-right:0}\n",
    ".t,th.t{text-align:left}\ntd.text{white-space:normal;overflow-wrap:anywhere;min-width:12rem}\n",
    "tr.best td{font-weight:650}\n.spread{color:var(--muted);font-weight:400;margin-left:.35rem}\n",
    ".dot{display:inline-block;width:.62em;height:.62em;border-radius:50%;margin-right:.55em;background:var(--c)}\n",
    ".confusion td,.confusion th{border:0;padding:0}\n",
    ".confusion th{font-weight:500;padding:.3rem .7rem;vertical-align:middle}\n.confusion th.c{text-align:center;color:var(--ink)}\n",
    ".confusion th.r{color:var(--ink)}\n.confusion .axis{color:var(--muted);font-size:.85rem}\n",
    ".confusion td{width:6.4rem;height:4rem;text-align:center;border:2px solid var(--paper);border-radius:6px;background:rgb(var(--heat)/var(--v))}\n",
    ".confusion td.hot{color:var(--on-heat)}\n.confusion td small{display:block;opacity:.75;font-size:.8rem}\n",
    ".many td{width:2.6rem;height:2.2rem;font-size:.76rem;border-width:1px}\n.many td small{display:none}\n",
    ".many th{font-size:.8rem;padding:.15rem .4rem}\n.many th.c{writing-mode:vertical-rl;text-align:left;padding:.4rem 0}\n.many th.axis{writing-mode:horizontal-tb;text-align:center}\n",
    ".bar{display:inline-block;width:4.5rem;height:.5rem;border-radius:3px;background:var(--grid);margin-left:.6rem;vertical-align:middle}\n",
    ".bar i{display:block;height:100%;border-radius:3px;background:var(--s1);width:var(--w)}\n",
    "blockquote,pre{margin:0 0 1rem;background:var(--card);border-radius:8px;padding:1rem 1.2rem;overflow-x:auto}\n",
    "blockquote{white-space:pre-wrap;overflow-wrap:anywhere;font-family:Charter,'Bitstream Charter','Iowan Old Style',Georgia,'Liberation Serif',serif;font-size:1.02rem}\n",
    "pre.command{white-space:pre-wrap;overflow-wrap:anywhere;text-indent:-1.6em;padding-left:2.8em}\n",
    "pre{font:.83rem/1.5 ui-monospace,'SF Mono',Menlo,Consolas,'Liberation Mono',monospace}\n",
    "code{font:.9em ui-monospace,'SF Mono',Menlo,Consolas,'Liberation Mono',monospace}\n",
    "details{margin:0 0 .6rem}\nsummary{cursor:pointer;color:var(--muted)}\nsummary code{color:var(--ink)}\ndetails pre{margin-top:.5rem}\n",
    ".note{background:var(--card);border-left:4px solid var(--s1);padding:.7rem 1rem;border-radius:0 6px 6px 0;font-size:.94rem;max-width:none}\n",
    "footer{margin-top:3.4rem;padding-top:1rem;border-top:1px solid var(--rule);color:var(--muted);font-size:.85rem}\n",
    "@media(max-width:640px){html{font-size:15.5px}body{padding-top:1.8rem}h1{font-size:2rem}}\n",
    "@media print{body{max-width:none;padding:0}details>*{display:block}h2,figure,table{break-inside:avoid}}\n",
    NULL,
};
