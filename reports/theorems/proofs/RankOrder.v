(* In which order the effective dimensions of one spectrum come, whatever it is: stable rank <= participation ratio <=
   entropy rank of the energies <= entropy rank of the singular values <= k. They are exponentials of the Renyi
   entropies of order infinity, 2 and 1, which fall with their order.
   Matters for: narrow_d, where a spectrum may be narrow by one and wide by another, in this order only. *)
From Coq Require Import Reals Lra Psatz Lia Arith.
Require Import Sums EffectiveRank Entropy.
Open Scope R_scope.

Definition entropy_rank k w := exp (H1 k (share k w)).

Theorem stable_at_most_participation k s t : (t < k)%nat -> (forall i, (i < k)%nat -> 0 <= s i <= s t) -> 0 < s t ->
  stable_rank k s t <= participation k s.
Proof.
  intros Ht H P. unfold stable_rank, participation.
  assert (T : s t <= sum k s) by (apply sum_term_le; auto; intros; apply H; auto).
  assert (Q : (s t)^2 <= sum k (fun i => (s i)^2)).
  { apply (sum_term_le k (fun i => (s i)^2)); auto; intros; apply pow2_ge_0. }
  assert (U : sum k (fun i => (s i)^2) <= s t * sum k s).
  { rewrite <- sum_scal. apply sum_le. intros i Hi. specialize (H i Hi). nra. }
  assert (0 < (s t)^2) by (apply pow_lt; auto). set (z := sum k (fun i => (s i)^2)) in *. set (S := sum k s) in *.
  apply Rmult_le_reg_r with (s t * z); [nra|].
  replace (S / s t * (s t * z)) with (S * z) by (field; lra).
  replace (S^2 / z * (s t * z)) with (S * (s t * S)) by (field; lra).
  apply Rmult_le_compat_l; lra.
Qed.

Theorem participation_at_most_entropy_rank k s : (forall i, (i < k)%nat -> 0 <= s i) -> 0 < sum k s ->
  participation k s <= entropy_rank k s.
Proof.
  intros H T. pose proof (share_law k s H T) as L. pose proof (entropy_at_least_collision k _ L) as C.
  assert (E : participation k s = / sum k (fun i => (share k s i)^2)).
  { unfold participation, share. rewrite (sum_ext k (fun i => (s i / sum k s)^2) (fun i => (/ sum k s)^2 * (s i)^2)).
    - rewrite sum_scal, Rinv_mult, <- pow_inv, Rinv_inv. unfold Rdiv. ring.
    - intros. unfold Rdiv. ring. }
  assert (A : 0 < sum k (fun i => (share k s i)^2)).
  { destruct (Rle_or_lt (sum k (fun i => (share k s i)^2)) 0) as [N|]; auto. exfalso.
    pose proof (sum_sq_le k (share k s)) as U. destruct L as [_ E1]. rewrite E1 in U. pose proof (pos_INR k). nra. }
  rewrite E, <- (exp_ln (/ _)) by (apply Rinv_0_lt_compat; auto). unfold entropy_rank.
  rewrite ln_Rinv by auto. destruct C as [C|C]; [left; apply exp_increasing; auto|rewrite C; lra].
Qed.

(* sigma: singular values; their squares are the energies *)
Theorem entropy_rank_of_energy_at_most_of_sigma k sigma : (forall i, (i < k)%nat -> 0 <= sigma i) -> 0 < sum k sigma
  ->
  entropy_rank k (fun i => (sigma i)^2) <= entropy_rank k sigma.
Proof.
  intros H T. apply exp_monotone. pose proof (share_law k sigma H T) as L.
  pose proof (entropy_falls_with_squares k _ L) as F. eapply Rle_trans; [|exact F]. right. unfold H1. f_equal.
  apply sum_ext. intros i _.
  assert (E : share k (fun j => (sigma j)^2) i = share k (fun j => (share k sigma j)^2) i); [|rewrite E; reflexivity].
  unfold share. rewrite (sum_ext k (fun j => (sigma j / sum k sigma)^2) (fun j => (/ sum k sigma)^2 * (sigma j)^2))
    by (intros; unfold Rdiv; ring).
  assert (Z : 0 < sum k (fun j => sigma j ^ 2)).
  { destruct (Rle_or_lt (sum k (fun j => sigma j ^ 2)) 0) as [N|]; auto. exfalso.
    pose proof (sum_sq_le k sigma). pose proof (pos_INR k). assert (0 < sum k sigma ^ 2) by (apply pow_lt; auto).
    nra. }
  rewrite sum_scal. field. lra.
Qed.

Theorem entropy_rank_at_most_size k w : (forall i, (i < k)%nat -> 0 <= w i) -> 0 < sum k w -> entropy_rank k w <=
  INR k.
Proof.
  intros H T. pose proof (share_law k w H T) as L. pose proof (law_positive _ _ L) as Hk.
  assert (0 < INR k) by (apply lt_0_INR; auto). rewrite <- (exp_ln (INR k)) by auto.
  apply exp_monotone. apply entropy_at_most_uniform; auto.
Qed.
