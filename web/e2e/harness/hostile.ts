// Texts that try to become more than text: tags, event handlers, addresses that run, templates, marks of
// other languages, signs that turn or hide what stands around them. All call `ran`, which a test watches.

export const HOSTILE: readonly string[] = [
  '<script>ran()</script>',
  '<SCRIPT SRC=data:text/javascript,ran()></SCRIPT>',
  '<scr<script>ipt>ran()</scr</script>ipt>',
  '<script/x>ran()</script>',
  '<script>/*',
  '"><script>ran()</script>',
  "'><script>ran()</script>",
  '</textarea><script>ran()</script>',
  '</title><script>ran()</script>',
  '</style><script>ran()</script>',
  '</span></div></li><script>ran()</script>',
  '--><script>ran()</script>',
  ']]><script>ran()</script>',
  '<!--[if gte IE 4]><script>ran()</script><![endif]-->',
  '<img src=x onerror=ran()>',
  '<IMG SRC=x OnErRoR=ran()>',
  '<img src=x:x onerror="ran()">',
  '<img/src=x/onerror=ran()>',
  '<img src=`x`onerror=ran()>',
  '<img src=x onerror=ran() //',
  '<img """><script>ran()</script>">',
  '<image src=x onerror=ran()>',
  '<img srcset=x onerror=ran()>',
  '<img src="data:image/svg+xml,<svg onload=ran()>">',
  '<video src=x onerror=ran()>',
  '<audio src=x onerror=ran()>',
  '<video><source onerror=ran()></video>',
  '<body onload=ran()>',
  '<input autofocus onfocus=ran()>',
  '<select autofocus onfocus=ran()>',
  '<textarea autofocus onfocus=ran()>',
  '<details open ontoggle=ran()>x</details>',
  '<marquee onstart=ran()>x</marquee>',
  '<div onpointerenter=ran()>x</div>',
  '<div tabindex=1 onfocus=ran() autofocus>x</div>',
  '<p style="animation:a" onanimationstart=ran()>x',
  '<button popovertarget=x onbeforetoggle=ran()>x',
  '" onmouseover="ran()',
  "' onmouseover='ran()",
  '" autofocus onfocus="ran()" x="',
  '` onmouseover=`ran()',
  'javascript:ran()',
  'JaVaScRiPt:ran()',
  ' javascript:ran()',
  'java&#9;script:ran()',
  'javascript://https://example.com/%0aran()',
  'vbscript:ran()',
  'data:text/html,<script>ran()</script>',
  'data:text/html;base64,PHNjcmlwdD5yYW4oKTwvc2NyaXB0Pg==',
  'blob:https://example.com/x',
  'file:///etc/passwd',
  '<a href=javascript:ran()>x</a>',
  '<a href="jav&#x09;ascript:ran()">x</a>',
  '<a href=data:text/html,x>x</a>',
  '<a href=//example.com>x</a>',
  '<area href=javascript:ran()>',
  '<form action=javascript:ran()><input type=submit>',
  '<button formaction=javascript:ran()>x',
  '<base href=javascript:ran()//>',
  '<meta http-equiv=refresh content=0;url=x>',
  '<link rel=stylesheet href=data:,x>',
  '<iframe src=javascript:ran()></iframe>',
  '<iframe srcdoc="<script>ran()</script>">',
  '<object data=javascript:ran()></object>',
  '<embed src=javascript:ran()>',
  '<frameset onload=ran()>',
  '<svg onload=ran()>',
  '<svg/onload=ran()//',
  '<svg><script>ran()</script></svg>',
  '<svg><a xlink:href=javascript:ran()><text y=9>x',
  '<svg><animate onbegin=ran() attributeName=x>',
  '<svg><set onbegin=ran() attributeName=x to=y>',
  '<svg><foreignObject><b onclick=ran()>x</b>',
  '<svg><use href="data:image/svg+xml,x#x">',
  '<math><mi xlink:href=javascript:ran()>x',
  '<math><annotation-xml><script>ran()</script>',
  '<template><script>ran()</script></template>',
  '<noscript><p title="</noscript><img src=x onerror=ran()>">',
  '<xmp><p title="</xmp><img src=x onerror=ran()>">',
  "{{constructor.constructor('ran()')()}}",
  "{{ _c.constructor('ran()')() }}",
  '{{$root.$el.ownerDocument.defaultView.ran()}}',
  '${ran()} #{ran()} <%= ran() %>',
  '{n} {name} {e} @:app.name',
  'v-html="ran()" @click="ran()"',
  '[[ran()]] *ngIf="ran()" ng-click=ran()',
  '**b** _i_ `c` ~~s~~ # h > q - l',
  '[x](javascript:ran())',
  '![x](x"onerror="ran())',
  '<style>*{display:none!important}</style>',
  '<div style="position:fixed;inset:0;background:red">x</div>',
  '<p style="background:url(javascript:ran())">x',
  "</p><style>@import'data:text/css,*{color:red}';</style>",
  '&lt;script&gt;ran()&lt;/script&gt;',
  '&#60;img src=x onerror=ran()&#62;',
  '%3Cscript%3Eran()%3C/script%3E',
  '\\u003cscript\\u003eran()\\u003c/script\\u003e',
  'nul \u0000<img src=x onerror=ran()>',
  '<\u0000script>ran()</script>',
  '\uFF1Cscript\uFF1Eran()\uFF1C/script\uFF1E',
  '\u202E<gnp.exe>\u202C end',
  '\u2066left\u2069 \u200F\u200E<b>right</b>',
  '\u200B<scr\u200Bipt>ran()</script>\uFEFF',
  'a\u2028<script>ran()</script>\u2029b',
]

/** Without the control characters that names and ids may not hold. */
export const isPlain = (text: string): boolean => ![...text].some((char) => char < ' ')

/** As it stands where a text has one line. */
export const oneLine = (text: string): string => text.replace(/\s+/g, ' ').trim()

/** As short as a reaction has to be, and without the spaces that one may not hold. */
export const HOSTILE_SHORT: readonly string[] = HOSTILE.filter(
  (text) => isPlain(text) && !/\s/.test(text) && new TextEncoder().encode(text).length <= 32,
)

const bytesOf = (text: string): number => new TextEncoder().encode(text).length

/** All of them in as few names as hold them. */
export function inFewNames(bytesMax: number): string[] {
  const names: string[] = []
  for (const text of HOSTILE.filter(isPlain)) {
    const longer = `${names.at(-1) ?? ''} ${text}`.trim()
    if (names.length > 0 && bytesOf(longer) <= bytesMax) names[names.length - 1] = longer
    else names.push(text.trim())
  }
  return names
}
