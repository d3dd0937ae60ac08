/** Tools that run at Google's. */
export interface Tools {
  /** https://ai.google.dev/gemini-api/docs/google-search */
  search?: boolean
  /** https://ai.google.dev/gemini-api/docs/url-context */
  urlContext?: boolean
  /** https://ai.google.dev/gemini-api/docs/code-execution */
  codeExecution?: boolean
}

/** The tools as they go over the wire. */
export function toolsOf({ search, urlContext, codeExecution }: Tools): object[] {
  return [
    ...search ? [{ googleSearch: {} }] : [],
    ...urlContext ? [{ urlContext: {} }] : [],
    ...codeExecution ? [{ codeExecution: {} }] : [],
  ]
}
