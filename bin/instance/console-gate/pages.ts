/** A page without scripts, images or other external resources. */
function page(title: string, body: string): string {
  return `<!doctype html>
<html lang="zh-CN">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${title}</title>
<style>
  :root { color-scheme: light dark; --line: #8884; --accent: #7459ff }
  body { margin: 0; min-height: 100vh; display: grid; place-items: center;
    font: 16px/1.6 system-ui, "PingFang SC", "Microsoft YaHei", sans-serif }
  main { box-sizing: border-box; width: min(24rem, 100vw - 2rem); padding: 2rem; border: 1px solid var(--line);
    border-radius: 12px }
  h1 { margin: 0 0 1rem; font-size: 1.25rem }
  p { margin: 0 0 1rem } .en, .error span { display: block; opacity: .7; font-size: .85em }
  label { display: block } input, button { box-sizing: border-box; width: 100%; padding: .6rem .8rem; font: inherit;
    border: 1px solid var(--line); border-radius: 8px }
  input { margin: .25rem 0 1rem; background: transparent; color: inherit }
  button { background: var(--accent); color: #fff; border: 0; cursor: pointer }
  .error { color: #d33 }
  code { font-size: .9em; overflow-wrap: anywhere }
</style>
</head>
<body><main>${body}</main></body>
</html>
`
}

interface Bilingual {
  zh: string
  en: string
}

function paragraph({ zh, en }: Bilingual, type?: 'error'): string {
  return `<p${type ? ' class="error" role="alert"' : ''}>${zh}<span class="en" lang="en">${en}</span></p>`
}

function heading(zh: string, en: string): string {
  return `<h1>${zh} <span class="en" lang="en">${en}</span></h1>`
}

/** Why a login failed. */
export type LoginProblem = 'wrong' | 'limited' | 'used'

const problems: Record<LoginProblem, Bilingual> = {
  wrong: { zh: '密码不正确。', en: 'The password is not correct.' },
  limited: { zh: '尝试次数过多，请十分钟后再试。', en: 'Too many attempts. Try again in ten minutes.' },
  used: {
    zh: '这个链接已经用过或不正确。最新的链接在日志里。',
    en: 'This link has been used or is not correct. The latest one is in the log.',
  },
}

/** The form for the password. */
export function passwordPage(action: string, problem?: LoginProblem): string {
  return page('Koishi', `${heading('登录控制台', 'Console login')}
${problem ? paragraph(problems[problem], 'error') : ''}
<form method="post" action="${action}">
<label>密码 <span class="en" lang="en">Password</span>
<input type="password" name="password" autocomplete="current-password" required autofocus></label>
<button type="submit">登录 · Log in</button>
</form>`)
}

/** Explains where to find the one-time link. */
export function linkPage(problem?: LoginProblem): string {
  return page('Koishi', `${heading('登录控制台', 'Console login')}
${problem ? paragraph(problems[problem], 'error') : ''}
${paragraph({
  zh: '没有设置密码。请打开日志里的一次性链接；如果它已经用过，日志里刚刚写了一个新的。要用密码登录，请设置 KOISHI_ADMIN_PASSWORD 并重启。',
  en: 'There is no password. Open the one-time link from the log; if it has been used, a new one has just been logged. '
    + 'To log in with a password, set KOISHI_ADMIN_PASSWORD and restart.',
})}`)
}

/**
 * The confirmation of a one-time link: a program that only fetches the link for a preview does not use it up.
 * @param token letters, digits, `-` and `_` only
 */
export function confirmPage(action: string, token: string): string {
  return page('Koishi', `${heading('登录控制台', 'Console login')}
<form method="post" action="${action}">
<input type="hidden" name="token" value="${token}">
<button type="submit" autofocus>进入控制台 · Open the console</button>
</form>`)
}

/** The confirmation of a logout. */
export function logoutPage(action: string): string {
  return page('Koishi', `${heading('退出控制台', 'Console logout')}
<form method="post" action="${action}"><button type="submit">退出 · Log out</button></form>`)
}
