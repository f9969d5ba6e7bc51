// Answers each case, one JSON object a line, with Allowed, ExplicitlyDenied, ImplicitlyDenied, or the error.
import { createInterface } from 'node:readline'
import { runUnsafeSimulation } from '@cloud-copilot/iam-simulate'

const named = (documents) => documents.map((policy, at) => ({ name: `p${at}`, policy }))

for await (const line of createInterface({ input: process.stdin })) {
  const { policies, boundary, action, resource, context, account } = JSON.parse(line)
  const simulation = {
    request: {
      principal: `arn:aws:iam::${account}:user/bob`,
      action,
      resource: { resource, accountId: account },
      contextVariables: context
    },
    identityPolicies: named(policies),
    permissionBoundaryPolicies: boundary ? named([boundary]) : undefined,
    serviceControlPolicies: [],
    resourceControlPolicies: []
  }
  let answer
  try {
    answer = runUnsafeSimulation(simulation, {})
  } catch (error) {
    answer = `error: ${error.message}`
  }
  console.log(JSON.stringify(answer))
}
