/** One field of a form. */
export interface FormPart {
  name: string
  filename?: string
  data: Buffer
}

/**
 * Parses `multipart/form-data`.
 * @see https://www.rfc-editor.org/rfc/rfc7578
 * @returns no parts if the body is of another type
 */
export function parseForm(contentType: string, body: Buffer): FormPart[] {
  const [, quoted, plain] = /^multipart\/form-data;.*boundary=(?:"([^"]+)"|([^;\s]+))/i.exec(contentType) ?? []
  const boundary = quoted ?? plain
  if (!boundary) return []
  // latin1 maps every byte to one character.
  const [, ...sections] = body.toString('latin1').split(`--${boundary}`)
  return sections.filter(section => section.startsWith('\r\n')).map((section) => {
    const end = section.indexOf('\r\n\r\n')
    const head = Buffer.from(section.slice(0, end), 'latin1').toString()
    return {
      name: /\bname="([^"]*)"/i.exec(head)?.[1] ?? '',
      filename: /\bfilename="([^"]*)"/i.exec(head)?.[1],
      data: Buffer.from(section.slice(end + 4, -2), 'latin1'),
    }
  })
}
